"""`attune versions`: model versions, where they come from, and how they were judged."""

from typing import Annotated

import typer

from attune.options import Json
from attune.version_name import number_of

versions_app = typer.Typer(help="Model versions.", no_args_is_help=True)


@versions_app.command("list")
def list_versions(json: Json = False) -> None:
    """List the model versions."""
    from attune import output
    from attune.ledger_access import open_ledger
    from ledger import history, versions

    with open_ledger() as database, database.read() as connection:
        rows = versions.list_all(connection)
        last = history.last_events(connection, [row.number for row in rows])
    if json:
        output.as_json(rows)
        return
    said = {number: event and event.what for number, event in last.items()}
    cells = [
        (row.name, row.state, said[row.number], row.form, row.parent_number, row.created_at, row.path) for row in rows
    ]
    output.as_table(("version", "state", "last change", "form", "parent", "created", "path"), cells)


@versions_app.command("show")
def show_version(
    version: Annotated[str, typer.Argument(help="v1, or 1.")],
    report: Annotated[bool, typer.Option("--report", help="Print the gate's report instead, in Markdown.")] = False,
    json: Json = False,
) -> None:
    """Show one model version, all that happened to it, and its lineage down to the feedback behind it."""
    from dataclasses import asdict

    from attune import output
    from attune.ledger_access import open_ledger
    from ledger import history, versions
    from ledger.lineage import lineage

    number = number_of(version)
    with open_ledger() as database, database.read() as connection:
        row = versions.get(connection, number)
        ancestors = [] if report else lineage(connection, row)
        events = history.events(connection, number)
    if report:
        from attune.gate import report_of

        output.say(report_of(row))
        return
    if json:
        output.as_json(asdict(row) | {"lineage": ancestors, "history": events})
        return
    # The probe is for programs, hundreds of figures; the verdict has a table of its own.
    names = [name for name in row.__dataclass_fields__ if name not in ("probe", "gate_report")]
    output.as_table(("field", "value"), [(name, getattr(row, name)) for name in names])
    output.say("\nhistory")
    output.as_table(
        ("when", "what", "by", "why"), [(event.at, event.what, event.actor, event.reason) for event in events]
    )
    output.say("\nlineage")
    headings = ("version", "form", "state", "run", "algorithm", "snapshot")
    votes = [", ".join(f"{count} {kind}" for kind, count in step.feedback.items()) for step in ancestors]
    cells = [[getattr(step, heading) for heading in headings] for step in ancestors]
    output.as_table((*headings, "feedback"), [[*row, said] for row, said in zip(cells, votes, strict=True)])
    if row.gate_report is not None:
        from attune.gate import show
        from evals.gate import Verdict

        output.say("\nverdict of the gate")
        show(Verdict.model_validate(row.gate_report["verdict"]))
        output.say(f"report: {row.gate_report['report']}/report.html")
