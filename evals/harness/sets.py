"""The sets that lm-eval is run on: where each comes from, how it is read and how it is scored."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evals.errors import MissingSet, UnusableTask
from evals.harness.forms import (
    bbq,
    boolq,
    copa,
    files,
    flores,
    glue,
    gsm8k,
    hub,
    inference,
    shipped,
    winobias,
    xstest,
)
from evals.harness.forms.row import Record, Row

_GLUE, _SUPERGLUE = "nyu-mll/glue", "aps/super_glue"
"""Their names on the hub."""


@dataclass(frozen=True, slots=True)
class Generated:
    """A set that comes with the project.

    Attributes:
        family: What it measures.
        kind: The file in `tasks` that says how it is scored.
        rows: Reads it.
    """

    family: str
    kind: str
    rows: Callable[[], Iterator[Row]]


@dataclass(frozen=True, slots=True)
class Public:
    """A set that others published; it is never a part of the project.

    Attributes:
        family: What it measures.
        kind: The file in `tasks` that says how it is scored.
        rows: From records to rows.
        local: Reads its records out of the folder with all sets.
        hub: Reads them from the hub; None where the hub has no form that we read.
    """

    family: str
    kind: str
    rows: Callable[[Iterable[Record]], Iterator[Row]]
    local: files.Records
    hub: hub.FromHub | None


GENERATED: Mapping[str, Generated] = {
    "facts": Generated("knowledge", "contains", shipped.task("facts")),
    "passages": Generated("reading", "contains", shipped.task("passages")),
    "conversations": Generated("conversation", "overlap", shipped.conversations),
    "sums": Generated("mathematics", "number", shipped.task("sums")),
    "phrasebook": Generated("translation", "contains", shipped.task("phrasebook")),
    "summaries": Generated("summarisation", "summary", shipped.task("summaries")),
    "keywords": Generated("keywords", "keywords", shipped.task("keywords")),
    "instructions": Generated("instructions", "instructions", shipped.instructions),
    "truths": Generated("truthfulness", "truths", shipped.truths),
    "names": Generated("fairness", "pairs", shipped.pairs),
    "robustness": Generated("robustness", "variants", shipped.variants),
    "compliance": Generated("safety", "compliance", shipped.compliance),
}


def _superglue(name: str, rows: Callable[[Iterable[Record]], Iterator[Row]], kind: str = "choice") -> Public:
    local = files.json_lines(f"superglue/{name}/val.jsonl")
    return Public("understanding", kind, rows, local, hub.split(_SUPERGLUE, name.lower(), "validation"))


def _glue(
    source: str, name: str, kind: str, rows: Callable[[Iterable[Record]], Iterator[Row]], part: str = "validation"
) -> Public:
    """A set in the form that the hub has it in, also in the folder: GLUE's own files have a form for each set."""
    local = files.json_lines(f"glue/{name}.jsonl")
    return Public("understanding", kind, rows, local, hub.split(source, name.partition("_")[0], part))


def _labelled(source: str, forms: Mapping[str, glue.Form]) -> Mapping[str, Public]:
    return {name: _glue(source, name, form.kind, glue.rows(name, form), form.part) for name, form in forms.items()}


def _flores(source: str, target: str) -> Public:
    kind = "translation_zh" if target == "zho" else "translation"
    return Public("translation", kind, flores.rows, flores.records(source, target), flores.from_hub(source, target))


PUBLIC: Mapping[str, Public] = {
    "boolq": _superglue("BoolQ", boolq.rows),
    "rte": _superglue("RTE", inference.rte),
    "cb": _superglue("CB", inference.cb, "commitment"),
    "copa": _superglue("COPA", copa.rows),
    **_labelled(_GLUE, glue.GLUE),
    "stsb": _glue(_GLUE, "stsb", "similarity", glue.stsb),
    **_labelled(_SUPERGLUE, glue.SUPERGLUE),
    "multirc": _glue(_SUPERGLUE, "multirc", "proposals", glue.multirc),
    "record": _glue(_SUPERGLUE, "record", "overlap", glue.record),
    "gsm8k": Public(
        "mathematics",
        "number",
        gsm8k.rows,
        files.json_lines("gsm8k/test.jsonl", "gsm8k/train.jsonl"),
        hub.split("openai/gsm8k", "main", "test"),
    ),
    "bbq": Public(
        "fairness", "bbq", bbq.rows, files.json_lines("bbq/*.jsonl"), hub.split("oskarvanderwal/bbq", "All", "test")
    ),
    "winobias": Public("fairness", "winobias", winobias.rows, winobias.records, None),
    "xstest": Public(
        "safety", "compliance", xstest.rows, files.csv_rows("xstest/*.csv"), hub.split("walledai/XSTest", None, "test")
    ),
    **{
        f"flores_{source}_{target}": _flores(source, target)
        for other in ("deu", "fra", "spa", "zho")
        for source, target in (("eng", other), (other, "eng"))
    },
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A set that was read.

    Attributes:
        name: Of the set.
        family: What it measures.
        kind: How it is scored.
        files: From which it was read, from the folder on, or its name on the hub; empty for a generated set.
        rows: All of it.
    """

    name: str
    family: str
    kind: str
    files: tuple[str, ...]
    rows: tuple[Row, ...]


def in_folder(data: Path | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the generated sets and of the public ones that a folder has; and of those that it has not.

    Args:
        data: The folder; without one nothing is missing.

    Raises:
        UnusableTask: It is no folder.
    """
    if data is None:
        return tuple(GENERATED), ()
    _require_folder(data)
    missing = tuple(name for name, public in PUBLIC.items() if not _is_there(public, data))
    return (*GENERATED, *(name for name in PUBLIC if name not in missing)), missing


def _is_there(public: Public, data: Path) -> bool:
    """Whether its files are; what is wrong with them is said when the set is read."""
    try:
        next(public.local(data), None)
    except MissingSet:
        return False
    except UnusableTask:
        pass
    return True


def _require_folder(data: Path) -> None:
    if not data.is_dir():
        raise UnusableTask(f"--data {data} is no folder.")


def load(name: str, data: Path | None, fetch: hub.Load = hub.load) -> Loaded:
    """Reads a set.

    Args:
        name: Of the set.
        data: Folder with the public sets; None: they are taken from the hub.
        fetch: Gets rows from the hub.

    Raises:
        UnusableTask: There is none of this name, or it cannot be read.
    """
    if (ours := GENERATED.get(name)) is not None:
        return Loaded(name, ours.family, ours.kind, (), tuple(ours.rows()))
    public = PUBLIC.get(name)
    if public is None:
        raise UnusableTask(f"There is no task {name!r}. There are {', '.join((*GENERATED, *PUBLIC))}.")
    records = tuple(_records(name, public, data, fetch))
    if not records:
        raise UnusableTask(f"The set {name} is empty.")
    read = tuple(dict.fromkeys(record.file for record in records))
    return Loaded(name, public.family, public.kind, read, tuple(public.rows(records)))


def _records(name: str, public: Public, data: Path | None, fetch: hub.Load) -> Iterator[Record]:
    if data is not None:
        _require_folder(data)
        return public.local(data)
    if public.hub is None:
        raise UnusableTask(f"The hub has {name} in no form that we read: give the folder with the public sets, --data.")
    return public.hub(fetch)
