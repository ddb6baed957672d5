"""Settings of `attune up` itself, and every process's settings together: what each is, and where it came from."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsError

from chat_ui.settings import KEY_FILE, SECRET_FILE, ChatUISettings, url_at
from ledger import setting_faults
from ledger.errors import Misconfigured
from ledger.settings import AttuneSettings, LedgerSettings, config_file, load, read_config, table_of

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
    from server.retention_settings import RetentionSettings
    from server.settings import GatewaySettings

    ours = (LedgerSettings, GatewaySettings, EngineSettings, CanarySettings, RetentionSettings, SupervisorSettings)
    return {kind.section: kind for kind in ours} | {"chat_ui": ChatUISettings}


def load_chat() -> ChatUISettings:
    """Read the chat's settings; it imports nothing of ours, so the TOML file is read here for it.

    Where its files and the gateway are follows from `[ledger]` and `[gateway]`, unless it is set.

    Raises:
        Misconfigured: A value cannot be used, or a key of the section is unknown.
    """
    path, known = config_file(), ChatUISettings.model_fields
    table = table_of(path, "chat_ui")
    if wrong := sorted(set(table) - set(known)):
        faults = " ".join(setting_faults.unknown_key(key, "chat_ui", path, known) for key in wrong)
        raise Misconfigured(f"Settings cannot be used. {faults} `attune settings` lists all.")
    from server.settings import GatewaySettings

    gateway, home = load(GatewaySettings), load(LedgerSettings).resolved_home
    environment = current_environment()
    derived: dict[str, Any] = {
        "gateway_url": url_at(gateway.host, gateway.port),
        "ui_key_file": home / KEY_FILE,
        "ui_secret_file": home / SECRET_FILE,
    }
    given = {key: value for key, value in (derived | table).items() if not environment.get(f"ATTUNE_{key.upper()}")}
    try:
        return ChatUISettings(**given)
    except (ValidationError, SettingsError) as error:
        faults = setting_faults.describe(ChatUISettings, "chat_ui", path, error)
        raise Misconfigured(f"Settings cannot be used. {faults} `attune settings` lists all.") from error


def resolved(environment: Mapping[str, str]) -> Iterator[Setting]:
    """Every setting as it is in force, with where it came from."""
    path = config_file()
    tables = read_config(path)
    for section, kind in settings_classes().items():
        values = load(kind) if issubclass(kind, AttuneSettings) else load_chat()
        table = tables.get(section, {})
        derived = values.in_force if isinstance(values, LedgerSettings) else {}
        for name, field in kind.model_fields.items():
            variable = f"ATTUNE_{name.upper()}"
            source = variable if environment.get(variable) else str(path) if name in table else "default"
            value = derived.get(name, getattr(values, name))
            yield Setting(section, name, variable, _text(name, value), source, field.description or "")


def unknown(environment: Mapping[str, str]) -> list[str]:
    """Say what is set and means nothing, a sentence each: `ATTUNE_*` variables, sections and keys outside of any."""
    classes, path = settings_classes(), config_file()
    known = {f"ATTUNE_{name.upper()}" for kind in classes.values() for name in kind.model_fields} | _KNOWN_BESIDES
    said = [
        f"{name} is no setting and has no effect.{setting_faults.nearest(name, known)}"
        for name in sorted(environment)
        if name.startswith("ATTUNE_") and name not in known
    ]
    sections = [f"[{section}]" for section in classes]
    for name, value in read_config(path).items():
        if not isinstance(value, dict):
            where = setting_faults.place(path, "", name)
            said.append(f"{name} in {where} stands outside of any section and has no effect.")
        elif name not in classes:
            where = setting_faults.place(path, name)
            said.append(f"[{name}] in {where} is no section.{setting_faults.nearest(f'[{name}]', sections)}")
    return said


def current_environment() -> Mapping[str, str]:
    """The environment of this process."""
    return os.environ


def override(values: Mapping[str, str]) -> None:
    """Sets settings from the command line, for this process and those that it starts."""
    os.environ.update({f"ATTUNE_{name.upper()}": value for name, value in values.items()})


def _text(name: str, value: object) -> str:
    if isinstance(value, SecretStr):
        return _MASKED
    if isinstance(value, list | tuple):
        return json.dumps([str(entry) for entry in value])
    text = "" if value is None else str(value)
    if name == "database_url" and "@" in text:
        scheme, rest = text.split("://", 1)
        user = rest.rsplit("@", 1)[0].split(":", 1)[0]
        return f"{scheme}://{user}:{_MASKED}@{rest.rsplit('@', 1)[1]}"
    return text
