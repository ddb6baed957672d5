"""The verdict as a person reads it: Markdown, and one HTML file with its pictures in it."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from evals import plots
from evals.comparison import Answers
from evals.gate import Criterion, Verdict
from evals.preference import Preference
from evals.rubric import Ratings, difference
from evals.tasks.text import words
from ledger.rubric import ASPECTS

_BEST, _WORST, _RANDOM = 3, 3, 4
# Criteria that are shares or ratios and not differences of scores, so that they have no place on the same axis.
_NO_DIFFERENCE = (
    "win_rate",
    "length",
    "repetition",
    "favoured_words",
    "kl",
    "unanswered",
    "unparseable",
    "integrity",
)


@dataclass(frozen=True, slots=True)
class SideBySide:
    """One prompt with both answers. `kind` is best, worst or random, from the candidate's side."""

    kind: str
    prompt: str
    candidate: str
    parent: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that the report tells of.

    Attributes:
        verdict: Of the gate.
        answers: Of both models.
        preference: On the open prompts; None if nobody judged.
        inputs: Where the figures come from, for people: name and value.
        looks: KL from the parent (nats per answer) and reward, as the candidate's training found them on held-out
            prompts, in its order; empty where it kept none.
        ratings: Of the candidate's answers to open prompts and of the parent's; None if nobody rated them.
    """

    verdict: Verdict
    answers: Answers
    preference: Preference | None
    inputs: Mapping[str, str]
    looks: Sequence[tuple[float, float]] = ()
    ratings: tuple[Ratings, Ratings] | None = None


def write(folder: Path, comparison: Comparison, *, seed: int = 17) -> None:
    """Writes `verdict.json`, `report.md`, `report.html` and every answer (`answers.json`) into a folder.

    Args:
        folder: Made if it is not there.
        comparison: What was found.
        seed: Of the choice of random answers.
    """
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "verdict": comparison.verdict,
        "inputs": comparison.inputs,
        "rows": [(_sign(criterion), criterion) for criterion in comparison.verdict.criteria],
        "rubric": _rubric(comparison.ratings),
        "examples": examples(comparison.answers, comparison.preference, seed),
    }
    pages = Environment(
        loader=PackageLoader("evals"), autoescape=lambda name: name == "report.html", undefined=StrictUndefined
    )
    pages.filters["quoted"] = _quoted
    pages.filters["cell"] = _cell
    (folder / "report.md").write_text(pages.get_template("report.md").render(told), encoding="utf-8")
    told["pictures"] = _pictures(comparison)
    (folder / "report.html").write_text(pages.get_template("report.html").render(told), encoding="utf-8")
    (folder / "verdict.json").write_text(comparison.verdict.model_dump_json(indent=2) + "\n", encoding="utf-8")
    stored = json.dumps(_all_answers(comparison), ensure_ascii=False, indent=1)
    (folder / "answers.json").write_text(stored + "\n", encoding="utf-8")


def examples(answers: Answers, preference: Preference | None, seed: int) -> list[SideBySide]:
    """Ten prompts that both answered: the candidate's best and worst by the judge's margin, and some by chance."""
    pairs = answers.pairs
    complete = [i for i, pair in enumerate(pairs) if pair.candidate is not None and pair.parent is not None]
    chosen: list[tuple[str, int]] = []
    if preference is not None:
        outcomes = preference.outcomes
        judged = [i for i in complete if outcomes[i].status == "judged"]
        judged.sort(key=lambda i: (outcomes[i].value, outcomes[i].margin or 0.0), reverse=True)
        chosen += [("best", i) for i in judged[:_BEST]]
        chosen += [("worst", i) for i in reversed(judged[_BEST:][-_WORST:])]
    taken = {i for _, i in chosen}
    rest = [i for i in complete if i not in taken]
    size = min(len(rest), _BEST + _WORST + _RANDOM - len(chosen))
    chosen += [("random", i) for i in sorted(Random(seed).sample(rest, size))]
    return [
        SideBySide(
            kind,
            _numbered(["\n".join(message.content for message in pairs[i].prompt.chat), *pairs[i].prompt.further]),
            *(_numbered(reply.answers if reply else [""]) for reply in (pairs[i].candidate, pairs[i].parent)),
        )
        for kind, i in chosen
    ]


def _numbered(turns: Sequence[str]) -> str:
    """One turn as it is, several with their numbers."""
    return turns[0] if len(turns) == 1 else "\n\n".join(f"{number}. {turn}" for number, turn in enumerate(turns, 1))


def _rubric(ratings: tuple[Ratings, Ratings] | None) -> dict[str, Any] | None:
    """Of each aspect both means and the difference; who rated, and how many of each model's answers it did not."""
    if ratings is None:
        return None
    ours, theirs = ratings
    rows = [(aspect, ours.mean(aspect), theirs.mean(aspect), difference(ours, theirs, aspect)) for aspect in ASPECTS]
    return {"judge": ours.judge, "rows": rows, "unparseable": [found.count("unparseable") for found in ratings]}


def _pictures(comparison: Comparison) -> list[tuple[str, str]]:
    """Title and data URI of each picture."""
    criteria = comparison.verdict.criteria
    win_rate = [criterion for criterion in criteria if criterion.name == "win_rate"]
    families = [criterion for criterion in criteria if criterion.name not in _NO_DIFFERENCE]
    pairs = comparison.answers.pairs
    ours = [len(words(pair.candidate.whole)) for pair in pairs if pair.candidate is not None]
    theirs = [len(words(pair.parent.whole)) for pair in pairs if pair.parent is not None]
    drawn: dict[str, bytes] = {}
    if _have_figures(win_rate):
        drawn["Win-rate against the parent"] = plots.intervals(
            win_rate, 0.5, "share of prompts, with its 95 % interval"
        )
    if _have_figures(families):
        drawn["Change by family"] = plots.intervals(families, 0.0, "candidate less parent, with its 95 % interval")
    if ours or theirs:
        drawn["Length of the answers to open prompts"] = plots.lengths(ours, theirs)
    if comparison.looks:
        drawn["Reward against KL in training"] = plots.reward_against_kl(comparison.looks)
    return [(title, f"data:image/png;base64,{b64encode(png).decode()}") for title, png in drawn.items()]


def _have_figures(criteria: Sequence[Criterion]) -> bool:
    """Whether there is anything to draw: a candidate whose files are broken was not asked."""
    return any(criterion.figure is not None for criterion in criteria)


def _all_answers(comparison: Comparison) -> dict[str, Any]:
    answers, preference = comparison.answers, comparison.preference
    return {
        "candidate": [result.model_dump(mode="json") for result in answers.candidate],
        "parent": [result.model_dump(mode="json") for result in answers.parent],
        "pairs": [
            {
                "prompt": [message.model_dump() for message in pair.prompt.chat],
                "further": pair.prompt.further,
                "candidate": pair.candidate and pair.candidate.answers,
                "parent": pair.parent and pair.parent.answers,
            }
            for pair in answers.pairs
        ],
        "preference": None if preference is None else preference.model_dump(mode="json"),
        "ratings": [found.model_dump(mode="json") for found in comparison.ratings or ()],
    }


def _sign(criterion: Criterion) -> str:
    return "passed" if criterion.passed else "refused"


def _quoted(text: str) -> str:
    """As a Markdown block that shows the text as it is, whatever stands in it."""
    return "\n".join(f"    {line}" for line in (text.splitlines() or [""]))


def _cell(text: object) -> str:
    """As it can stand in a cell of a Markdown table."""
    return " ".join(str(text).split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
