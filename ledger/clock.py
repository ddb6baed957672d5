"""The one place where the ledger reads the clock; every function that stores a time also takes it as an argument."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)
