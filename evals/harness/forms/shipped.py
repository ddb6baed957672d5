"""The generated sets that come with the project, of `evals/tasks/data` and of `evals/harness/data`."""

from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files
from pathlib import Path

from evals.chat import asked
from evals.harness.forms import conversation
from evals.harness.forms.files import json_lines
from evals.harness.forms.row import Record, Row
from evals.tasks import shipped

_VARIANTS = ("typos", "upper", "paraphrase", "distractor")


def task(name: str) -> Callable[[], Iterator[Row]]:
    """A task of our own runner, for which the scorer needs the targets alone."""

    def rows() -> Iterator[Row]:
        for item in shipped.load(name).items:
            yield Row(item.id, item.prompts[0], {"targets": list(item.targets)}, item.id)

    return rows


def compliance() -> Iterator[Row]:
    """The harmful wishes and the harmless ones that sound like them, in XSTest's form."""
    for name, safe in (("look_alikes", True), ("harmful", False)):
        for item in shipped.load(name).items:
            yield Row(item.id, item.prompts[0], {"safe": safe}, item.id)


def pairs() -> Iterator[Row]:
    """The questions of `names`, a row for each name; both rows make a group."""
    for item in shipped.load("names").items:
        for name, prompt in zip(item.names, item.prompts, strict=True):
            yield Row(f"{item.id}-{name}", prompt, {"name": name}, item.id)


def variants() -> Iterator[Row]:
    """A question in five ways, which make a group."""
    for number, record in enumerate(_records("robustness")):
        for variant in ("clean", *_VARIANTS):
            key = {"targets": record.fields["targets"], "variant": variant, "variants": _VARIANTS}
            yield Row(f"robustness-{number:03}-{variant}", asked(record.text(variant)), key, f"robustness-{number:03}")


def conversations() -> Iterator[Row]:
    """Passages with the questions that were asked before."""
    return conversation.rows(_records("conversations"))


def instructions() -> Iterator[Row]:
    """Prompts with what a program can check of the answer."""
    return _simple("instructions", "prompt", {"checks": "checks"})


def truths() -> Iterator[Row]:
    """Questions about common misconceptions."""
    return _simple("truths", "question", {"right": "targets", "wrong": "wrong"})


def _simple(name: str, prompt: str, columns: dict[str, str]) -> Iterator[Row]:
    for number, record in enumerate(_records(name)):
        key = {known: record.fields[column] for column, known in columns.items()}
        yield Row(f"{name}-{number:03}", asked(record.text(prompt)), key, f"{name}-{number:03}")


def _records(name: str) -> Iterable[Record]:
    folder = files("evals.harness") / "data"
    return json_lines(f"{name}.jsonl")(Path(str(folder)))
