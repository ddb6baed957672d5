"""Printing: tables and sentences for people, JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ledger.clock import iso

_PIPE_WIDTH = 200  # Columns of a table that goes to a file or another program.

out = Console(highlight=False, soft_wrap=True)
if not out.is_terminal:
    out.width = _PIPE_WIDTH
err = Console(stderr=True, highlight=False, soft_wrap=True)


def as_json(value: Any) -> None:
    """Prints a value as JSON; records become objects, times ISO 8601."""
    out.out(json.dumps(value, indent=2, ensure_ascii=False, default=_plain), highlight=False)


def as_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints a table; what stands in it is never taken for markup."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    out.print(table)


def say(text: str) -> None:
    """Prints a line on standard output."""
    out.print(text, markup=False)


def complain(text: str) -> None:
    """Prints a line on standard error."""
    err.print(text, markup=False)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return str(value)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "__dataclass_fields__"):
        return asdict(value)  # type: ignore[call-overload]
    return str(value)
