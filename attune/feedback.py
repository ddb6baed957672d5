"""`attune feedback`: what people think of the answers, to other programs and from them."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from attune.options import Json

feedback_app = typer.Typer(help="What people think of the answers.", no_args_is_help=True)


class ExportFormat(StrEnum):
    """TRL's dataset formats."""

    PREFERENCE = "preference"
    UNPAIRED = "unpaired"


class ImportForm(StrEnum):
    """Who has written a file; the names of `ledger.importing.files.Form`."""

    ATTUNE = "attune"
    OPEN_WEBUI = "open-webui"
    LANGFUSE = "langfuse"


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


@feedback_app.command("import")
def import_feedback(
    file: Annotated[Path, typer.Argument(help="An export of Attune, Open WebUI or Langfuse, or rows as TRL reads.")],
    form: Annotated[ImportForm | None, typer.Option(help="Who has written it; by default the file shows it.")] = None,
    owner: Annotated[str, typer.Option(help="Whose the answers and votes are: nobody who has keys.")] = "import",
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out rows that cannot be read; else nothing is stored.")
    ] = False,
    json: Json = False,
) -> None:
    """Store the votes of a file, and the answers that they are about; again, only what is new."""
    from attune import output
    from attune.ledger_access import open_ledger
    from ledger.importing.files import Form
    from ledger.importing.load import load, named

    with open_ledger() as database:
        found = load(database, file, owner=owner, form=None if form is None else Form(form), skip_bad=skip_bad)
    if json:
        output.as_json(found)
        return
    rows = ", ".join(f"{count} {outcome}" for outcome, count in found.outcomes.items()) or "no row"
    output.say(f"{file}: {rows}.")
    for what, count in found.ignored.items():
        output.complain(f"ignored: {count} times {what}")
    if found.skipped:
        output.complain(f"left out: {len(found.skipped)} ({named(found.skipped)})")
