"""What follows an erasing: the copies on this machine of what the ledger has erased are removed.

Each step can be done again at any time and finds out by itself what is left to do, so a process that dies between the
erasing and this loses nothing: the next one goes on.
"""

from dataclasses import dataclass
from pathlib import Path

from ledger import erased_files, tombstone_list, vacuums
from ledger.database import Database


@dataclass(frozen=True, slots=True)
class Copies:
    """Where copies can lie on this machine.

    Attributes:
        home: ATTUNE_HOME, with `runs/` and `evals/`.
        tombstones: The list of tombstones.
    """

    home: Path
    tombstones: Path

    def remove_files(self, database: Database) -> list[Path]:
        """Brings the list of tombstones up to date and removes files; returns those that were removed.

        Raises:
            UnreadableList: The list cannot be read or written.
            OSError: A file cannot be removed.
        """
        if not self.home.is_dir():  # a gateway beside a database elsewhere, without files of its own
            return []
        tombstone_list.bring_up_to_date(self.tombstones, database)
        return erased_files.remove(database, self.home)

    def remove(self, database: Database) -> list[Path]:
        """Removes files, and then what is left in the database's own files; returns the files that were removed.

        Raises:
            UnreadableList: The list of tombstones cannot be read or written.
            OSError: A file cannot be removed.
            Unavailable: The database's files could not be rewritten now; a gateway that runs tries again.
        """
        try:
            return self.remove_files(database)
        finally:
            vacuums.fulfil(database)
