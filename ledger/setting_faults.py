"""Sentences about settings that cannot be used: where each stands, its value, and the nearest right name."""

import os
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsError


def describe(kind: type[BaseSettings], section: str, path: Path | None, error: ValidationError | SettingsError) -> str:
    """Say what is wrong with the settings of `kind`, a sentence for each fault.

    Args:
        kind: The settings that could not be read.
        section: Their table of the TOML file.
        path: The TOML file; None if there is none.
        error: As pydantic raised it.
    """
    if isinstance(error, SettingsError):  # a list in a variable that is not JSON; pydantic names the field
        return f'{error}: lists are given as JSON, such as ["a", "b"].'
    return " ".join(_sentence(kind, section, path, fault) for fault in error.errors())


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ` Did you mean …?` for a misspelt name, and an empty string where nothing is near."""
    found = get_close_matches(name, list(known), n=1)
    return f" Did you mean {found[0]}?" if found else ""


def unknown_key(key: str, section: str, path: Path | None, known: Iterable[str]) -> str:
    """Say that a key of the TOML file is no setting."""
    return f"{key} in [{section}] of {path} is no setting.{nearest(key, known)}"


def _sentence(kind: type[BaseSettings], section: str, path: Path | None, fault: ErrorDetails) -> str:
    if not fault["loc"]:
        return f"[{section}] ({path or 'ATTUNE_* variables'}): {fault['msg']}."
    key = str(fault["loc"][0])
    if fault["type"] == "extra_forbidden":
        return unknown_key(key, section, path, kind.model_fields)
    place = variable if os.environ.get(variable := f"ATTUNE_{key.upper()}") else f"{key} in [{section}] of {path}"
    field = kind.model_fields.get(key)
    secret = field is not None and SecretStr in (field.annotation, *getattr(field.annotation, "__args__", ()))
    value = "" if secret else f" is {fault['input']!r}"
    return f"{place}{value}: {fault['msg'][0].lower()}{fault['msg'][1:]}."
