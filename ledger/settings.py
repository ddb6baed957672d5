"""Settings: read from the environment and `attune.toml` once, at the edge of a process.

`AttuneSettings` is the base of every process's settings (the chat UI, which imports nothing of ours, keeps its own).
"""

import os
import tomllib
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)
from sqlalchemy import URL

from ledger import setting_faults, tombstone_list
from ledger.erased_copies import Copies
from ledger.errors import Misconfigured
from ledger.unusable_paths import converted


def config_file() -> Path | None:
    """The TOML file in force: `ATTUNE_CONFIG`, else `./attune.toml`, else `ATTUNE_HOME/attune.toml`; None if none."""
    if named := os.environ.get("ATTUNE_CONFIG"):
        return Path(named).expanduser()
    home = Path(os.environ.get("ATTUNE_HOME") or Path.home() / ".attune").expanduser()
    return next((path for path in (Path("attune.toml"), home / "attune.toml") if path.is_file()), None)


def read_config(path: Path | None) -> dict[str, Any]:
    """The sections of the TOML file; empty without a file.

    Raises:
        Misconfigured: The file is missing, unreadable or not TOML.
    """
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise converted(error, "settings file", path, "Correct it, or point ATTUNE_CONFIG at another.") from error
    except ValueError as error:
        raise Misconfigured(f"{path}: {error}. Correct the file, or point ATTUNE_CONFIG at another.") from error


def table_of(path: Path | None, section: str) -> dict[str, Any]:
    """One section of the TOML file; empty if it has none.

    Raises:
        Misconfigured: The file cannot be read, or the section is something else than a table.
    """
    table = read_config(path).get(section, {})
    if not isinstance(table, dict):
        where = setting_faults.place(path, "", section)
        raise Misconfigured(f"{where}: [{section}] must be a table of settings, not {table!r}.")
    return table


class AttuneSettings(BaseSettings):
    """Base of the settings: `ATTUNE_*` variables win over the class's `section` of `attune.toml`.

    Unknown keys of the section are refused.
    """

    model_config = SettingsConfigDict(env_prefix="ATTUNE_", env_ignore_empty=True, frozen=True, extra="forbid")

    section: ClassVar[str]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the section of the TOML file."""
        return init_settings, env_settings, InitSettingsSource(settings_cls, table_of(config_file(), cls.section))


S = TypeVar("S", bound=AttuneSettings)


def load(kind: type[S]) -> S:
    """Read settings; a mistake becomes a sentence that names the variable, or the file and its key.

    Raises:
        Misconfigured: A value cannot be used, a key of the TOML file is unknown, or the file cannot be read.
    """
    try:
        return kind()
    except (ValidationError, SettingsError) as error:
        faults = setting_faults.describe(kind, kind.section, config_file(), error)
        raise Misconfigured(f"Settings cannot be used. {faults} `attune settings` lists all.") from error


class LedgerSettings(AttuneSettings):
    """Settings of the ledger; section `[ledger]`."""

    section: ClassVar[str] = "ledger"

    home: Path = Field(
        default_factory=lambda: Path.home() / ".attune",
        description="Folder of everything that Attune keeps on this machine.",
    )
    database_url: str | None = Field(
        default=None,
        description="sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME; by default the file ledger.db in `home`.",
    )

    tombstones_file: Path | None = Field(
        default=None,
        description="List of what was erased, by opaque ids, for `attune restore`; by default in `home`.",
    )

    @property
    def resolved_home(self) -> Path:
        """The folder of everything, as an absolute path."""
        return self.home.expanduser().resolve()

    @property
    def copies(self) -> Copies:
        """Where copies of what people wrote can lie on this machine."""
        listed = self.tombstones_file or self.resolved_home / tombstone_list.NAME
        return Copies(self.resolved_home, listed.expanduser().absolute())

    @property
    def in_force(self) -> dict[str, object]:
        """The settings with what follows from the others where they are not set."""
        return {
            "home": self.resolved_home,
            "database_url": self.resolved_database_url,
            "tombstones_file": self.copies.tombstones,
        }

    @property
    def resolved_database_url(self) -> str:
        """The URL to open: the one that was set, else that of the SQLite file in `home`."""
        if self.database_url:
            return self.database_url
        path = self.resolved_home / "ledger.db"
        return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)
