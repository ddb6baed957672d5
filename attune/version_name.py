"""How people name a version: v7, 7, or attune@v7."""

from attune.errors import WrongUsage


def number_of(version: str) -> int:
    """The number of a version.

    Raises:
        WrongUsage: It is no version's name.
    """
    digits = version.removeprefix("attune@").removeprefix("v")
    if not (digits.isascii() and digits.isdecimal()):
        raise WrongUsage(f"{version!r} is no version: give v1, or 1.")
    return int(digits)
