"""How a ledger in PostgreSQL is backed up and restored: by PostgreSQL's own tools, as docs/operations says."""

import re
import shutil
import subprocess
from contextlib import suppress

BACK_UP = "pg_dump --format=custom --file=ledger.dump URL"
RESTORE = "pg_restore --clean --if-exists --dbname=URL ledger.dump"
REPLAY = "attune users replay tombstones.jsonl"

_ASKED_FOR_S = 10.0
_VERSION = re.compile(r"\b(\d+)(?:\.\d+)*")


def how_to_back_up(server: str) -> str:
    """Say how to back up, and what would keep pg_dump from it; `server` is its version, such as `16.2`."""
    return (
        f"The ledger is in PostgreSQL, whose own tools copy it: `{BACK_UP}`, and after it the folder versions/ and the "
        f"file ui.secret of the home folder. {pg_dump_fault(server, installed_pg_dump()) or ''}"
    ).strip()


def how_to_restore() -> str:
    """Say how to restore."""
    return (
        "The ledger is to be in PostgreSQL, whose own tools restore it: put the folder versions/ and the file "
        f"ui.secret into the home folder, which must have the same path; then `{RESTORE}`, and then `{REPLAY}`, which "
        "erases again what was erased since."
    )


def installed_pg_dump() -> str | None:
    """Return the version of the pg_dump that a shell would find, such as `15.18`; None where there is none."""
    if shutil.which("pg_dump") is None:
        return None
    with suppress(OSError, subprocess.SubprocessError):
        said = subprocess.run(
            ["pg_dump", "--version"], capture_output=True, text=True, check=True, timeout=_ASKED_FOR_S
        ).stdout
        if found := _VERSION.search(said):
            return found.group()
    return None


def pg_dump_fault(server: str, pg_dump: str | None) -> str | None:
    """Say why a pg_dump cannot dump a server, and what to install; None if it can.

    pg_dump refuses a server of a newer major version (its manual, "Notes"); minor versions do not matter.
    """
    wanted = _major(server)
    install = f"Install PostgreSQL's client {wanted} or newer: on Debian and Ubuntu postgresql-client-{wanted}."
    if pg_dump is None:
        return f"There is no pg_dump on this machine; the server has version {server}. {install}"
    if _major(pg_dump) < wanted:
        return f"pg_dump here has version {pg_dump} and refuses the server, which has version {server}. {install}"
    return None


def _major(version: str) -> int:
    found = _VERSION.search(version)
    return int(found.group(1)) if found else 0
