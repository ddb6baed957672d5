"""`attune feedback`: what people think of the answers."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

feedback_app = typer.Typer(help="What people think of the answers.", no_args_is_help=True)


class ExportFormat(StrEnum):
    """TRL's dataset formats."""

    PREFERENCE = "preference"
    UNPAIRED = "unpaired"


@feedback_app.command("export")
def export_feedback(
    format: Annotated[ExportFormat, typer.Option(help="Pairs, or single labelled answers.")],
    owner: Annotated[
        str | None, typer.Option(help="Only what this owner's keys were answered; by default all.")
    ] = None,
    comments: Annotated[bool, typer.Option("--comments", help="Add the reasons and comments of the votes.")] = False,
) -> None:
    """Write the latest feedback to standard output as JSONL in TRL's formats."""
    from attune.ledger_access import open_ledger
    from ledger.exports import export_preference, export_unpaired, line

    export = export_preference if format is ExportFormat.PREFERENCE else export_unpaired
    with open_ledger() as database, database.read() as connection:
        for row in export(connection, owner=owner, comments=comments):
            sys.stdout.buffer.write(line(row))
