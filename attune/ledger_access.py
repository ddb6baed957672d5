"""The ledger as the commands open it."""

from collections.abc import Iterator
from contextlib import contextmanager

from ledger.database import Database
from ledger.settings import LedgerSettings, load


@contextmanager
def open_ledger(*, create: bool = False) -> Iterator[Database]:
    """Open the ledger of the settings while the block runs.

    Args:
        create: Whether to make it where there is none: a command that looks or changes something must not, because then
            the path is wrong, or not mounted.

    Raises:
        NoLedger: There is none, and none is to be made.
    """
    settings: LedgerSettings = load(LedgerSettings)
    database = Database.open(settings.resolved_database_url, create=create)
    try:
        yield database
    finally:
        database.close()
