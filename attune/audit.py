"""`attune audit`: who changed what, when and why."""

from typing import Annotated

import typer

from attune.options import Json
from attune.version_name import number_of


def audit(
    version: Annotated[str | None, typer.Option(help="Only what happened to this version: v7, or 7.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many entries, the newest.")] = 50,
    json: Json = False,
) -> None:
    """Show the changes of versions and of what is live, newest first. Entries are never changed or removed."""
    from attune import output
    from attune.ledger_access import open_ledger
    from ledger import audit as ledger_audit
    from ledger import history, versions

    number = None if version is None else number_of(version)
    with open_ledger() as database, database.read() as connection:
        if number is None:
            entries = ledger_audit.latest(connection, limit)
        else:
            versions.get(connection, number)  # one that does not exist has no history to be taken for a quiet one
            entries = history.entries_about(connection, number)[:limit]
    if json:
        output.as_json(entries)
        return
    headings = ("created_at", "action", "subject", "actor", "reason")
    output.as_table(headings, [[getattr(entry, heading) for heading in headings] for entry in entries])
