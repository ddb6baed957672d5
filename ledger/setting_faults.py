"""Sentences about settings that cannot be used: where each stands, its value, and the nearest right name."""

import os
import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsError

_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"""\s*([\w"'-]+(?:\s*\.\s*[\w"'-]+)*)\s*=""")
_DOT = re.compile(r"\s*\.\s*")
_FIELD = re.compile(r'field "(\w+)"')


def describe(kind: type[BaseSettings], section: str, path: Path | None, error: ValidationError | SettingsError) -> str:
    """Say what is wrong with the settings of `kind`, a sentence for each fault.

    Args:
        kind: The settings that could not be read.
        section: Their table of the TOML file.
        path: The TOML file; None if there is none.
        error: As pydantic raised it.
    """
    if isinstance(error, SettingsError):
        return _no_json(error)
    return " ".join(_sentence(kind, section, path, fault) for fault in error.errors())


def _no_json(error: SettingsError) -> str:
    """Say which variable should hold JSON: the library names the field, in a sentence about its own sources."""
    named = _FIELD.search(str(error))
    if named is None:
        return f"{error}."
    variable = f"ATTUNE_{named[1].upper()}"
    return f'{variable} is {os.environ.get(variable, "")!r}: lists are given as JSON, such as ["a", "b"].'


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ` Did you mean …?` for a misspelt name, and an empty string where nothing is near."""
    found = get_close_matches(name, list(known), n=1)
    return f" Did you mean {found[0]}?" if found else ""


def unknown_key(key: str, section: str, path: Path | None, known: Iterable[str]) -> str:
    """Say that a key of the TOML file is no setting."""
    return f"{key} in [{section}] of {place(path, section, key)} is no setting.{nearest(key, known)}"


def place(path: Path | None, section: str, key: str | None = None) -> str:
    """Return where a key, or else its section, stands, as `attune.toml:7`; without the line where it is not found.

    tomllib does not tell lines, so that they are looked for: a table's header, then the key at the start of a line.
    """
    try:
        lines = [] if path is None else path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        lines = []
    now = ""
    for number, line in enumerate(lines, 1):
        if header := _HEADER.match(line):
            now = header.group(1)
        if key is None and now == section != "":
            return f"{path}:{number}"
        if key is not None and (assigned := _KEY.match(line)):
            whole = [part.strip("\"'") for part in (*filter(None, now.split(".")), *_DOT.split(assigned.group(1)))]
            if whole == [*filter(None, section.split(".")), *key.split(".")]:
                return f"{path}:{number}"
    return str(path)


def _sentence(kind: type[BaseSettings], section: str, path: Path | None, fault: ErrorDetails) -> str:
    if not fault["loc"]:
        return f"[{section}] ({path or 'ATTUNE_* variables'}): {fault['msg']}."
    key = str(fault["loc"][0])
    if fault["type"] == "extra_forbidden":
        return unknown_key(key, section, path, kind.model_fields)
    variable = f"ATTUNE_{key.upper()}"
    where = variable if os.environ.get(variable) else f"{key} in [{section}] of {place(path, section, key)}"
    field = kind.model_fields.get(key)
    secret = field is not None and SecretStr in (field.annotation, *getattr(field.annotation, "__args__", ()))
    value = "" if secret else f" is {fault['input']!r}"
    return f"{where}{value}: {fault['msg'][0].lower()}{fault['msg'][1:]}."
