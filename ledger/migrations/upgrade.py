"""Bringing a database's tables up to date, inside the caller's transaction."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ledger.errors import LedgerError


def upgrade(connection: Connection, before: Callable[[str, str], None]) -> None:
    """Applies the migrations that the database lacks.

    Args:
        connection: In a transaction.
        before: Called before a database that has tables is changed, with its migration and the newest one; where it
            raises, nothing is changed.

    Raises:
        LedgerError: A newer Attune made the tables.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    known = {revision.revision for revision in script.walk_revisions()}
    current, newest = MigrationContext.configure(connection).get_current_revision(), script.get_current_head()
    if current is not None and current not in known:
        raise LedgerError(
            f"The ledger is at migration {current}, and this Attune knows none after {newest}: "
            "a newer Attune made it. Start that one, or restore a backup from before."
        )
    if current == newest:
        return
    if current is not None and newest is not None:
        before(current, newest)
    command.upgrade(config, "head")
