"""The lines of a data file. `str.splitlines` ends one at U+2028, U+0085 and others, which stand in people's texts."""


def lines_of(text: str) -> list[str]:
    """Return the lines, which end at a line feed or at a carriage return with one; without their ends."""
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]
