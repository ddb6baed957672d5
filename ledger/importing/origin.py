"""How an answer that was imported is told from one that this ledger's own gateway gave.

It stands in `completions` under an endpoint of its own, without a model version: so no version's traffic, trial or
evidence has it. The version that the file names is kept beside it, and so is the message it answers, under a name that
no message of this ledger has.
"""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, case, null

from ledger.schema import completions

ENDPOINT = "import"
KEY_NAME = "imported feedback"
OWNER = "import"
VERSION = "version"
_PARENT = "import:"


def own(table: FromClause = completions) -> ColumnElement[bool]:
    """The condition that an answer was given here."""
    return table.c.endpoint != ENDPOINT


def params_of_imported(table: FromClause) -> ColumnElement[Any]:
    """The parameters of an imported answer; null for others, whose are large and not needed."""
    return case((table.c.endpoint == ENDPOINT, table.c.params), else_=null())


def stored_parent(parent_id: str | None) -> str | None:
    """Return the id under which the message that an imported answer answers is stored."""
    return None if parent_id is None else _PARENT + parent_id


def given_parent(parent_id: str | None) -> str | None:
    """Return a message's id as an export says it."""
    return None if parent_id is None else parent_id.removeprefix(_PARENT)
