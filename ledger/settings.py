"""Where the ledger is: read from the environment once, at the edge of a process."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL


class LedgerSettings(BaseSettings):
    """Settings of the ledger, from `ATTUNE_*` variables."""

    model_config = SettingsConfigDict(env_prefix="ATTUNE_", frozen=True, extra="ignore")

    home: Path = Field(
        default_factory=lambda: Path.home() / ".attune",
        description="Folder of everything that Attune keeps on this machine.",
    )
    database_url: str | None = Field(
        default=None,
        description="sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME; by default the file ledger.db in `home`.",
    )

    @property
    def resolved_database_url(self) -> str:
        """The URL to open: the one that was set, else that of the SQLite file in `home`."""
        if self.database_url:
            return self.database_url
        path = self.home.expanduser().resolve() / "ledger.db"
        return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)
