"""Reading when something is to expire."""

import re
from datetime import UTC, datetime, timedelta

from attune.errors import WrongUsage

_DURATION = re.compile(r"(\d{1,5})([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def parse_expiry(text: str, now: datetime) -> datetime:
    """The moment that `text` means.

    Args:
        text: A duration from now (`90d`, `12h`, `30m`), or a date or time in ISO 8601; without an offset it is UTC.
        now: Aware.

    Raises:
        WrongUsage: It is neither, or not in the future.
    """
    if match := _DURATION.fullmatch(text):
        moment = now + timedelta(**{_UNITS[match[2]]: int(match[1])})
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise WrongUsage(f"{text!r} is no expiry: give 90d, 12h, 30m, or a date such as 2027-01-31.") from error
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment <= now:
        raise WrongUsage(f"{text} is not in the future: the key would open nothing.")
    return moment
