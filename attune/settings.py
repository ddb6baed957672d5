"""Settings of `attune up` itself, and every process's settings together: what each is, and where it came from."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings

from attune.errors import AttuneError
from chat_ui.settings import ChatUISettings
from ledger.settings import AttuneSettings, LedgerSettings, config_file, read_config

# Read before there are settings, or by name by the tests only.
_KNOWN_BESIDES = frozenset({"ATTUNE_CONFIG"})
_MASKED = "********"


class SupervisorSettings(AttuneSettings):
    """Settings of `attune up`; section `[supervisor]`."""

    section: ClassVar[str] = "supervisor"

    first_answer_timeout_s: float = Field(
        default=900, gt=0, description="A start that has not led to an answer by then is given up."
    )


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it is in force.

    Attributes:
        section: Table of `attune.toml`.
        name: Key in that table.
        variable: Environment variable.
        value: As text; masked if it is a secret.
        source: `default`, the variable, or the path of the TOML file.
        description: For people.
    """

    section: str
    name: str
    variable: str
    value: str
    source: str
    description: str


def settings_classes() -> dict[str, type[BaseSettings]]:
    """The settings of every process, by their section."""
    from server.canary_settings import CanarySettings
    from server.controller.settings import EngineSettings
    from server.settings import GatewaySettings

    ours = (LedgerSettings, GatewaySettings, EngineSettings, CanarySettings, SupervisorSettings)
    return {kind.section: kind for kind in ours} | {"chat_ui": ChatUISettings}


def load(kind: type[AttuneSettings]) -> Any:
    """Reads settings; a mistake becomes a sentence that names the setting.

    Raises:
        AttuneError: A value cannot be used, or a key of the TOML file is unknown.
    """
    try:
        return kind()
    except ValidationError as error:
        faults = [f"{_place(kind, fault['loc'])}: {fault['msg']}" for fault in error.errors()]
        raise AttuneError(f"Settings cannot be used. {'; '.join(faults)}. `attune settings` lists all.") from error


def load_chat() -> ChatUISettings:
    """Reads the chat's settings; it imports nothing of ours, so its section `[chat_ui]` is read here for it.

    Raises:
        AttuneError: A value cannot be used, or a key of the section is unknown.
    """
    table = read_config(config_file()).get("chat_ui", {})
    if wrong := sorted(set(table) - set(ChatUISettings.model_fields)):
        raise AttuneError(
            f"Settings cannot be used. [chat_ui] knows no {', '.join(wrong)}. `attune settings` lists all."
        )
    environment = current_environment()
    try:
        return ChatUISettings(
            **{key: value for key, value in table.items() if f"ATTUNE_{key.upper()}" not in environment}
        )
    except ValidationError as error:
        faults = [f"{fault['loc'][0]} in [chat_ui]: {fault['msg']}" for fault in error.errors()]
        raise AttuneError(f"Settings cannot be used. {'; '.join(faults)}.") from error


def resolved(environment: Mapping[str, str]) -> Iterator[Setting]:
    """Every setting as it is in force, with where it came from."""
    path = config_file()
    tables = read_config(path)
    for section, kind in settings_classes().items():
        values = load(kind) if issubclass(kind, AttuneSettings) else load_chat()
        table = tables.get(section, {})
        for name, field in kind.model_fields.items():
            variable = f"ATTUNE_{name.upper()}"
            source = variable if environment.get(variable) else str(path) if name in table else "default"
            yield Setting(section, name, variable, _text(name, getattr(values, name)), source, field.description or "")


def unknown(environment: Mapping[str, str]) -> list[str]:
    """What is set and means nothing: misspelt `ATTUNE_*` variables, and sections of the TOML file."""
    classes = settings_classes()
    known = {f"ATTUNE_{name.upper()}" for kind in classes.values() for name in kind.model_fields} | _KNOWN_BESIDES
    variables = sorted(name for name in environment if name.startswith("ATTUNE_") and name not in known)
    return variables + [f"[{section}]" for section in read_config(config_file()) if section not in classes]


def current_environment() -> Mapping[str, str]:
    """The environment of this process."""
    return os.environ


def override(values: Mapping[str, str]) -> None:
    """Sets settings from the command line, for this process and those that it starts."""
    os.environ.update({f"ATTUNE_{name.upper()}": value for name, value in values.items()})


def _place(kind: type[AttuneSettings], location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else "?"
    return f"ATTUNE_{name.upper()} (or {name} in [{kind.section}])"


def _text(name: str, value: object) -> str:
    if isinstance(value, SecretStr):
        return _MASKED
    text = "" if value is None else str(value)
    if name == "database_url" and "@" in text:
        scheme, rest = text.split("://", 1)
        user = rest.rsplit("@", 1)[0].split(":", 1)[0]
        return f"{scheme}://{user}:{_MASKED}@{rest.rsplit('@', 1)[1]}"
    return text
