"""Column types that store the same thing on SQLite and PostgreSQL, whatever a model or a client has written."""

import math
import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Text, TypeDecorator

_REFUSED_BY_DATABASES = re.compile("[\x00\ud800-\udfff]")


def storable_text(text: str) -> str:
    """Replaces what a database cannot hold, NUL and lone surrogates, by U+FFFD.

    PostgreSQL has no NUL in text; neither driver can encode a lone surrogate as UTF-8.
    """
    return _REFUSED_BY_DATABASES.sub("\ufffd", text)


def storable_json(value: Any) -> Any:
    """Makes every string in a JSON value storable, and numbers that no reader could take.

    NaN and infinities, which JSON does not have, become null; integers beyond 64 bits become floats, as readers of JSON
    take them (Python itself refuses to read one of more than 4,300 digits).
    """
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return float(value) if abs(value) < 2**1023 else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {storable_text(str(key)): storable_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable_json(item) for item in value]
    return value


class SafeText(TypeDecorator[str]):
    """Text that is made storable on its way in."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Makes the text storable."""
        return None if value is None else storable_text(value)


class SafeJson(TypeDecorator[Any]):
    """JSON that is made storable on its way in. None is SQL's NULL, not JSON's null."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Makes the value storable."""
        return storable_json(value)


class UtcTime(TypeDecorator[datetime]):
    """An aware time. SQLite has no time zones: there the time is stored in UTC without one, which also sorts."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Converts to UTC.

        Raises:
            ValueError: The time has no time zone, so nobody can know what it means.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"The time {value} has no time zone; give an aware datetime.")
        try:
            in_utc = value.astimezone(UTC)
        except OverflowError:  # the first or the last hours of the calendar, in another zone
            in_utc = (datetime.min if value.year == 1 else datetime.max).replace(tzinfo=UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Returns an aware time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
