"""Bringing a database's tables up to date, inside the caller's transaction."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ledger.errors import LedgerError


def upgrade(connection: Connection) -> None:
    """Applies the migrations that the database lacks.

    Raises:
        LedgerError: A newer Attune made the tables.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    known = {revision.revision for revision in script.walk_revisions()}
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in known:
        raise LedgerError(
            f"The ledger is at migration {current}, and this Attune knows none after {script.get_current_head()}: "
            "a newer Attune made it. Start that one, or restore a backup from before."
        )
    if current != script.get_current_head():
        command.upgrade(config, "head")
