"""The room of removed rows goes back to the disk, in small steps.

SQLite keeps freed pages in its file. The file is made with `auto_vacuum = INCREMENTAL`, so that pages of its end can be
moved into the free ones and be cut off, some at a time, which no writer waits for long. A ledger that was made before
is rewritten once, as after an erasing (`ledger.vacuums`), when a quarter of it is free. PostgreSQL does it by VACUUM.
"""

from sqlalchemy import Connection

from ledger import vacuums
from ledger.clock import utc_now

_STEP_PAGES = 256
_SPARE_SHARE = 0.1
"""Free pages up to this share of the file are left: the next rows will need them."""
_REWRITE_SHARE = 0.25
_REWRITE_BYTES = 16 * 2**20
_INCREMENTAL = 2


def shrink(connection: Connection) -> bool:
    """Gives some free pages of a SQLite file back; returns whether there are more to give."""
    if connection.dialect.name != "sqlite":
        return False
    pages, free = _pragma(connection, "page_count"), _pragma(connection, "freelist_count")
    if _pragma(connection, "auto_vacuum") != _INCREMENTAL:
        large = free * _pragma(connection, "page_size") > _REWRITE_BYTES
        if large and free > _REWRITE_SHARE * pages and vacuums.waiting_since(connection) is None:
            vacuums.request(connection, utc_now())
        return False
    surplus = free - int(_SPARE_SHARE * pages)
    if surplus <= 0:
        return False
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA incremental_vacuum({min(surplus, _STEP_PAGES)})")
    cursor.fetchall()  # the driver stops after one page otherwise
    cursor.close()
    return surplus > _STEP_PAGES


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
