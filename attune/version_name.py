"""How people name a version: v7, 7, or attune@v7."""

import re

from attune.errors import WrongUsage

_NAME = re.compile(r"(?:attune@)?v?([0-9]{1,9})", re.ASCII)


def number_of(version: str) -> int:
    """The number of a version.

    Raises:
        WrongUsage: It is no version's name.
    """
    named = _NAME.fullmatch(version)
    if named is None:
        raise WrongUsage(f"{version!r} is no version: give v1, or 1.")
    return int(named[1])
