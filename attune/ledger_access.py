"""The ledger as the commands open it."""

from collections.abc import Iterator
from contextlib import contextmanager

from ledger.database import Database
from ledger.settings import LedgerSettings, load


@contextmanager
def open_ledger() -> Iterator[Database]:
    """Opens the ledger of the settings while the block runs."""
    settings: LedgerSettings = load(LedgerSettings)
    database = Database.open(settings.resolved_database_url)
    try:
        yield database
    finally:
        database.close()
