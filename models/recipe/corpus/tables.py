"""Reads the corpus' word lists: text is easier to read and to extend than nested tuples."""

from __future__ import annotations


def entries(text: str) -> tuple[str, ...]:
    """Return the entries of a list: separated by commas or line ends, trimmed, without empty ones."""
    return tuple(entry.strip() for entry in text.replace("\n", ",").split(",") if entry.strip())


def lines(text: str) -> tuple[str, ...]:
    """Return the lines of a text, trimmed, without empty ones."""
    return tuple(line.strip() for line in text.split("\n") if line.strip())


def pairs(text: str) -> dict[str, str]:
    """Return `key: value` entries, separated by commas or line ends."""
    return {key.strip(): value.strip() for key, _, value in (entry.partition(":") for entry in entries(text))}


def rows(text: str) -> tuple[tuple[str, ...], ...]:
    """Return the cells, separated by `|`, of each line."""
    return tuple(tuple(cell.strip() for cell in line.split("|")) for line in lines(text))
