"""What lm-eval found, as Markdown and as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from evals.harness.running import Figure, Found
from evals.harness.sets import Loaded

HEADINGS = ("task", "family", "metric", "value", "standard error", "error by", "n")


def cells(found: Found, chosen: Sequence[Loaded]) -> list[tuple[str, ...]]:
    """A row for each metric, in the order of the headings."""
    families = {one.name: one.family for one in chosen}
    return [
        (
            row.task,
            families[row.task],
            row.metric,
            _cell(row.value),
            _cell(row.standard_error),
            row.error_by or "\u2013",
            str(row.n),
        )
        for row in found.rows
        if not _says_nothing(row)
    ]


def markdown(found: Found, chosen: Sequence[Loaded], about: Mapping[str, Any]) -> list[str]:
    """Lines: what was asked, then the table."""
    lines = [f"- {name}: {value}" for name, value in about.items()]
    lines += [f"- lm-eval: {found.lm_eval}", f"- public sets: {_sources(chosen)}", ""]
    lines += [_row(HEADINGS), _row(["---"] * len(HEADINGS)), *map(_row, cells(found, chosen))]
    return [*lines, "", _NOTE]


def as_json(found: Found, chosen: Sequence[Loaded], about: Mapping[str, Any]) -> dict[str, Any]:
    """Everything, for programs."""
    sets = {one.name: {"family": one.family, "files": list(one.files), "rows": len(one.rows)} for one in chosen}
    return {**about, "lm_eval": found.lm_eval, "sets": sets, "figures": [row.model_dump() for row in found.rows]}


_NOTE = (
    "`read` is the share of answers in which an option could be recognised; the others are wrong. `unanswered`, of "
    "prompts that the server refused (longer than the model's context), is shown where there are any; they score 0. "
    "BLEU and chrF go to 100, everything else to 1. A standard error by `bootstrap` is ours, over groups of rows."
)


def _says_nothing(row: Figure) -> bool:
    return row.metric == "unanswered" and row.value == 0


def _sources(chosen: Sequence[Loaded]) -> str:
    return "; ".join(f"{one.name} from {', '.join(one.files)}" for one in chosen if one.files) or "none"


def _cell(value: float | None) -> str:
    return "\u2013" if value is None else f"{value:.3f}"


def _row(values: Sequence[str]) -> str:
    return f"| {' | '.join(values)} |"
