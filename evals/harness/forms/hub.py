"""Records out of a data set on the Hugging Face hub, by its name."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from evals.errors import UnusableTask
from evals.harness.forms.row import Record

Load = Callable[[str, str | None, str], Iterator[Mapping[str, Any]]]
"""From a name, a configuration and a split to the rows."""
FromHub = Callable[[Load], Iterator[Record]]


def split(name: str, config: str | None, part: str) -> FromHub:
    """Reads one split, such as `("openai/gsm8k", "main", "test")`."""

    def read(load: Load) -> Iterator[Record]:
        for number, fields in enumerate(load(name, config, part), start=1):
            yield Record(fields, name, f"row {number}")

    return read


def load(name: str, config: str | None, part: str) -> Iterator[Mapping[str, Any]]:
    """Fetches a split with `datasets`, whose cache keeps it.

    Raises:
        UnusableTask: It cannot be had; the message says why.
    """
    try:
        from datasets import load_dataset
    except ImportError as error:
        raise UnusableTask(
            "The hub is read with `datasets`, which this installation lacks: give the sets with --data."
        ) from error
    try:
        rows = load_dataset(name, config, split=part)
    except Exception as error:  # What goes wrong on the way has many classes: network, gate, name, format.
        raise UnusableTask(
            f"{name} cannot be had from the hub ({type(error).__name__}: {error}). Give the sets with --data."
        ) from error
    yield from rows
