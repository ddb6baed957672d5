"""Files of feedback: their objects, one after the other, each with its place, whichever program has written them.

Read are JSON Lines and, from other programs, one JSON array. Which program it was is seen from the first object that
can be read, or said.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any

from ledger.errors import Misconfigured
from ledger.importing import langfuse, open_webui
from ledger.importing.row import Ignored
from ledger.unusable_paths import reason_of

_OPENS_ARRAY = re.compile(rb"\s*\[\s*(\{|$)")


class Form(StrEnum):
    """Who has written a file: Attune or anybody in TRL's formats, Open WebUI, or Langfuse."""

    ATTUNE = "attune"
    OPEN_WEBUI = "open-webui"
    LANGFUSE = "langfuse"


@dataclass(frozen=True, slots=True)
class Given:
    """One object of a file, or what is wrong with it.

    Attributes:
        place: `line 3`; in an array `item 3`.
        value: In one of TRL's formats; None where there is none.
        fault: Why it cannot be read; empty if it can.
        ignored: Why it says nothing that counts; empty if it does.
    """

    place: str
    value: Any
    fault: str = ""
    ignored: str = ""


def read(path: Path, form: Form | None = None) -> Iterator[Given]:
    """Yield a file's objects.

    Args:
        path: The file.
        form: Who has written it; None to see it from the first object.

    Raises:
        Misconfigured: The file cannot be read.
    """
    try:
        objects = _objects(path)
        head = []
        for given in objects:
            head.append(given)
            if not given.fault:
                break
        found = form or (_form(head[-1].value) if head else Form.ATTUNE)
        objects = chain(head, objects)
        yield from objects if found is Form.ATTUNE else _converted(list(objects), _CONVERTERS[found])
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {reason_of(error)}. Give a JSONL file in UTF-8.") from error


_CONVERTERS: Mapping[Form, Callable[[list[Any]], Callable[[Any], list[dict[str, Any]]]]] = {
    Form.OPEN_WEBUI: open_webui.converter,
    Form.LANGFUSE: langfuse.converter,
}


def _form(first: Any) -> Form:
    if isinstance(first, dict) and open_webui.recognises(first):
        return Form.OPEN_WEBUI
    if isinstance(first, dict) and langfuse.recognises(first):
        return Form.LANGFUSE
    return Form.ATTUNE


def _converted(
    objects: list[Given], converter: Callable[[list[Any]], Callable[[Any], list[dict[str, Any]]]]
) -> Iterator[Given]:
    convert = converter([given.value for given in objects if not given.fault])
    for given in objects:
        if given.fault:
            yield given
            continue
        try:
            for value in convert(given.value):
                yield Given(given.place, value)
        except Ignored as ignored:
            yield Given(given.place, None, ignored=str(ignored))
        except KeyError as error:
            yield Given(given.place, None, fault=f"the key {error} is missing")
        except (ValueError, TypeError, AttributeError) as error:
            yield Given(given.place, None, fault=str(error))


def _objects(path: Path) -> Iterator[Given]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            said = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if number == 1 and _OPENS_ARRAY.match(said):
                yield from _items(path, said + file.read())
                return
            if said.strip():
                yield _parsed(f"line {number}", said)


def _items(path: Path, content: bytes) -> Iterator[Given]:
    try:
        found = json.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise Misconfigured(f"{path} begins as a JSON array and is none: {error}.") from error
    for number, value in enumerate(found, 1):
        yield Given(f"item {number}", value)


def _parsed(place: str, line: bytes) -> Given:
    """A line's object; as bytes, so that a line that is no UTF-8 is named by its number, too."""
    try:
        return Given(place, json.loads(line.decode()))
    except (ValueError, RecursionError) as error:
        return Given(place, None, fault=str(error))
