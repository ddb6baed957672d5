"""The one place where the ledger reads the clock, and how times are written everywhere: ISO 8601 in UTC.

Every function that stores a time also takes it as an argument.
"""

from datetime import UTC, datetime

FILE_NAME_FORMAT = "%Y%m%dT%H%M%SZ"
"""ISO 8601's basic format, for names of files and folders, where a colon may not stand."""


def utc_now() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """Return a time for people and logs, such as `2026-11-30T21:05:09+00:00`; `moment` is aware."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def for_file_name(moment: datetime) -> str:
    """Return a time for the name of a file, such as `20261130T210509Z`; `moment` is aware."""
    return moment.astimezone(UTC).strftime(FILE_NAME_FORMAT)
