"""Bringing a database's tables up to date, inside the caller's transaction."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ledger.errors import LedgerError, Misconfigured

MOVING = "-moving"
"""Ends the migration of a database that holds a part of a ledger, because `attune move` has not finished."""


def current(connection: Connection) -> str | None:
    """Return the migration that a database is at, with `MOVING` or without; None where there is no ledger."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """Return the migration that this Attune brings a ledger to."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def upgrade(connection: Connection, before: Callable[[str, str], None]) -> None:
    """Applies the migrations that the database lacks.

    Args:
        connection: In a transaction.
        before: Called before a database that has tables is changed, with its migration and the newest one; where it
            raises, nothing is changed.

    Raises:
        LedgerError: A newer Attune made the tables.
        Misconfigured: They are a part of a ledger, which `attune move` has not finished.
    """
    config = _config()
    config.attributes["connection"] = connection
    known = {revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()}
    found, wanted = current(connection), newest()
    if found is not None and found.endswith(MOVING):
        raise Misconfigured(
            "The database holds a part of a ledger: `attune move` has not finished. Set ATTUNE_DATABASE_URL to the "
            "ledger that it moves, and run it again."
        )
    if found is not None and found not in known:
        raise LedgerError(
            f"The ledger is at migration {found}, and this Attune knows none after {wanted}: "
            "a newer Attune made it. Start that one, or restore a backup from before."
        )
    if found == wanted:
        return
    if found is not None:
        before(found, wanted)
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config
