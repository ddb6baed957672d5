"""Finds times that are not written as `ledger.clock` writes them."""

import re

_TIME = re.compile(r"\d\d:\d\d:\d\d")
_OURS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?\+00:00")


def strangers(text: str) -> list[str]:
    """The lines of a text with a time of day in another form than ISO 8601 in UTC with its offset."""
    return [line for line in text.splitlines() if _TIME.search(_OURS.sub("", line))]
