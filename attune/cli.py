"""The command line `attune`. Arguments are parsed first; then each command imports what it needs.

Exit status: 0 done, 2 refused by the gate, 64 wrong usage, 1 anything else.
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from attune.align import align_app
from attune.errors import AttuneError, WrongUsage
from attune.evaluate import eval_app
from attune.people import people_app
from attune.rollout import add_commands
from attune.simulate.command import simulate
from attune.version_name import number_of

USAGE_ERROR = 64
REFUSED_BY_GATE = 2

app = typer.Typer(
    name="attune",
    help="A chat serving system that gets better from what people think of its answers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
keys_app = typer.Typer(help="API keys.", no_args_is_help=True)
versions_app = typer.Typer(help="Model versions.", no_args_is_help=True)
feedback_app = typer.Typer(help="What people think of the answers.", no_args_is_help=True)
app.add_typer(align_app, name="align")
eval_app.add_typer(people_app)
app.add_typer(eval_app, name="eval")
app.add_typer(keys_app, name="keys")
app.add_typer(versions_app, name="versions")
app.add_typer(feedback_app, name="feedback")
add_commands(app)
app.command()(simulate)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Scope(StrEnum):
    """What a key may do."""

    INFERENCE = "inference"
    FEEDBACK = "feedback"
    ADMIN = "admin"


class ExportFormat(StrEnum):
    """TRL's dataset formats."""

    PREFERENCE = "preference"
    UNPAIRED = "unpaired"


@app.command()
def up(
    model: Annotated[str | None, typer.Option(help="What to serve: a folder, or a hub id.")] = None,
    upstream: Annotated[
        str | None, typer.Option(help="Use this OpenAI-compatible server instead of an engine; several with commas.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address of the API.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the API.")] = None,
    ui_host: Annotated[str | None, typer.Option(help="Address of the chat.")] = None,
    ui_port: Annotated[int | None, typer.Option(help="Port of the chat.")] = None,
) -> None:
    """Start engine, gateway and chat, and keep them running until Ctrl-C."""
    from attune.output import out
    from attune.settings import override

    if model is not None and upstream is not None:
        raise WrongUsage("Give --model or --upstream, not both: with --upstream no engine is started here.")
    given = {"model": model, "upstream": upstream, "host": host, "port": port, "ui_host": ui_host, "ui_port": ui_port}
    override({name: str(value) for name, value in given.items() if value is not None})
    _warn_of_unknown_settings()
    from attune.supervisor import up as run

    run(out)


@app.command()
def prepare() -> None:
    """Make what a first start makes, for processes that are started one by one: tables, keys, the chat's secret."""
    from attune import output
    from attune.first_start import prepare_home, prepare_secrets
    from attune.ledger_access import open_ledger
    from attune.settings import load
    from ledger.settings import LedgerSettings

    settings: LedgerSettings = load(LedgerSettings)
    home = settings.home.expanduser().resolve()
    prepare_home(home)
    with open_ledger() as database:
        prepare_secrets(home, database)
    output.say(f"{home} is ready; a key with every scope is in {home / 'admin.key'}.")


@app.command()
def status(
    json: Json = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Print nothing, and end with 1 unless an engine is ready. For health checks."),
    ] = False,
) -> None:
    """Show what is live, which engines run, and how much was answered and rated."""
    from attune import output
    from attune.ledger_access import open_ledger
    from attune.settings import load
    from attune.status import SILENT_AFTER_S, collect, require_ready_engine
    from server.canary_settings import CanarySettings
    from server.settings import GatewaySettings

    gateway: GatewaySettings = load(GatewaySettings)
    canary: CanarySettings = load(CanarySettings)
    with open_ledger() as database:
        if check:
            require_ready_engine(database)
            return
        found = collect(database, f"http://{gateway.host}:{gateway.port}", canary.rules)
    if json:
        output.as_json(found)
        return
    live = found.deployment.live_version
    output.say(f"live      {f'attune@v{live}' if live else 'nothing'}")
    if found.deployment.canary_version:
        output.say(f"canary    attune@v{found.deployment.canary_version} for {found.deployment.canary_share:.0%}")
    if found.canary is not None:
        output.say(f"          {found.canary.outcome}: {' '.join(found.canary.reasons)}")
    output.say(f"gateway   {'does not answer' if found.gateway is None else found.gateway}")
    for engine in found.engines:
        silent = found.silent_s[engine.id]
        doubt = f" (said {silent:.0f} s ago: the controller is gone)" if silent > SILENT_AFTER_S else ""
        output.say(f"engine    attune@v{engine.version_number} is {engine.state}: {engine.message}{doubt}")
    if not found.engines:
        output.say("engine    none; `attune up` starts one")
    output.say(f"answers   {found.completions}\nfeedback  {found.feedback}")


@app.command()
def settings(json: Json = False) -> None:
    """List every setting, its value, and where it came from; secrets are masked."""
    from attune import output
    from attune.settings import current_environment, resolved

    rows = list(resolved(current_environment()))
    if json:
        output.as_json(rows)
    else:
        cells = [(row.variable, row.value, row.source, f"[{row.section}]") for row in rows]
        output.as_table(("variable", "value", "from", "in attune.toml"), cells)
    _warn_of_unknown_settings()


@app.command()
def doctor(json: Json = False) -> None:
    """Check the installation, the ledger, the disk, the ports and the engine, and say what to do."""
    from attune import output
    from attune.doctor import examine

    checks = examine()
    if json:
        output.as_json(checks)
    else:
        output.as_table(("", "what", "found"), [("ok" if c.ok else "BAD", c.name, c.found) for c in checks])
    if not all(check.ok for check in checks):
        raise typer.Exit(1)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="To write; it must not be there yet.")],
) -> None:
    """Copy the ledger and the versions into one file, while everything runs."""
    from attune import output
    from attune.backup import back_up
    from attune.ledger_access import open_ledger
    from attune.settings import load
    from ledger.settings import LedgerSettings

    settings: LedgerSettings = load(LedgerSettings)
    home, target = settings.home.expanduser().resolve(), file.expanduser().absolute()
    with open_ledger() as database:
        made = back_up(database, home, target)
    kept = ", ".join(version.name for version in made.kept) or "no version"
    output.say(f"{target}: the ledger and {kept}, {made.size_bytes / 2**20:.1f} MiB.")
    for fault in made.damaged:
        output.complain(f"Not in the backup: {fault}")
    if made.damaged:
        raise typer.Exit(1)


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="What `attune backup` has written.")]) -> None:
    """Make a home folder, which has no ledger yet, of a backup."""
    from attune import output
    from attune.restore import restore as run
    from attune.settings import load
    from ledger.dialects import sqlite_file
    from ledger.settings import LedgerSettings

    settings: LedgerSettings = load(LedgerSettings)
    home, source = settings.home.expanduser().resolve(), file.expanduser().absolute()
    restored = run(source, home, sqlite_file(settings.resolved_database_url))
    made = ", ".join(version.name for version in restored.made) or "no version"
    output.say(f"{home} holds the ledger and {made}.")
    for version in restored.absent:
        output.complain(f"{version.name} lay in {version.path}, which is not on this machine.")


@keys_app.command("create")
def create_key(
    name: Annotated[str, typer.Option(help="For people: what the key is for.")],
    scope: Annotated[list[Scope], typer.Option(help="What the key may do; give it several times for several.")],
    owner: Annotated[
        str | None, typer.Option(help="Keys of the same owner see the same data; by default the name.")
    ] = None,
    rate: Annotated[int | None, typer.Option(min=1, help="Requests per minute; by default no limit.")] = None,
    expires: Annotated[str | None, typer.Option(help="90d, 12h, 30m, or a date; by default never.")] = None,
    json: Json = False,
) -> None:
    """Make an API key and show it, once."""
    from attune import output
    from attune.expiry import parse_expiry
    from attune.ledger_access import open_ledger
    from ledger import keys
    from ledger.clock import utc_now

    expires_at = parse_expiry(expires, utc_now()) if expires else None
    with open_ledger() as database, database.write() as connection:
        key, secret = keys.create(
            connection,
            name=name,
            owner=owner or name,
            scopes=[item.value for item in scope],
            requests_per_minute=rate,
            expires_at=expires_at,
        )
    if json:
        output.as_json(_public(key) | {"secret": secret})
        return
    output.say(secret)
    output.complain("This is the only time that the key is shown. Keep it where nobody else can read it.")


@keys_app.command("list")
def list_keys(json: Json = False) -> None:
    """List the API keys; their secrets are not known any more."""
    from attune import output
    from attune.ledger_access import open_ledger
    from ledger import keys

    with open_ledger() as database, database.read() as connection:
        rows = [_public(key) for key in keys.list_all(connection)]
    if json:
        output.as_json(rows)
        return
    headings = ("prefix", "name", "owner", "scopes", "requests_per_minute", "expires_at", "revoked_at")
    output.as_table(headings, [[row[heading] for heading in headings] for row in rows])


@keys_app.command("revoke")
def revoke_key(key: Annotated[str, typer.Argument(help="Prefix or id, as `attune keys list` shows it.")]) -> None:
    """Revoke an API key, for good. Gateways refuse it within a second."""
    from attune import output
    from attune.ledger_access import open_ledger
    from ledger import keys

    with open_ledger() as database, database.write() as connection:
        revoked = keys.revoke(connection, key)
    output.say(f"Revoked {revoked.prefix} ({revoked.name}).")


@versions_app.command("list")
def list_versions(json: Json = False) -> None:
    """List the model versions."""
    from attune import output
    from attune.ledger_access import open_ledger
    from ledger import versions

    with open_ledger() as database, database.read() as connection:
        rows = versions.list_all(connection)
    if json:
        output.as_json(rows)
        return
    cells = [(row.name, row.state, row.form, row.parent_number, row.created_at, row.path) for row in rows]
    output.as_table(("version", "state", "form", "parent", "created", "path"), cells)


@versions_app.command("show")
def show_version(
    version: Annotated[str, typer.Argument(help="v1, or 1.")],
    report: Annotated[bool, typer.Option("--report", help="Print the gate's report instead, in Markdown.")] = False,
    json: Json = False,
) -> None:
    """Show one model version, and its lineage down to the feedback behind it."""
    from dataclasses import asdict

    from attune import output
    from attune.ledger_access import open_ledger
    from ledger import versions
    from ledger.lineage import lineage

    number = number_of(version)
    with open_ledger() as database, database.read() as connection:
        row = versions.get(connection, number)
        ancestors = [] if report else lineage(connection, row)
    if report:
        from attune.gate import report_of

        output.say(report_of(row))
        return
    if json:
        output.as_json(asdict(row) | {"lineage": ancestors})
        return
    # The probe is for programs, hundreds of figures; the verdict has a table of its own.
    names = [name for name in row.__dataclass_fields__ if name not in ("probe", "gate_report")]
    output.as_table(("field", "value"), [(name, getattr(row, name)) for name in names])
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


@feedback_app.command("export")
def export_feedback(
    format: Annotated[ExportFormat, typer.Option(help="Pairs, or single labelled answers.")],
    owner: Annotated[
        str | None, typer.Option(help="Only what this owner's keys were answered; by default all.")
    ] = None,
) -> None:
    """Write the latest feedback to standard output as JSONL in TRL's formats."""
    import json

    from attune.ledger_access import open_ledger
    from ledger.exports import export_preference, export_unpaired

    export = export_preference if format is ExportFormat.PREFERENCE else export_unpaired
    with open_ledger() as database, database.read() as connection:
        for row in export(connection, owner=owner):
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


def main() -> None:
    """Runs the command of `sys.argv`, and ends the process with its exit status."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs a command and returns its exit status. Errors become one line on standard error, without a traceback."""
    from typer._click.exceptions import ClickException, UsageError

    try:
        return app(arguments, prog_name="attune", standalone_mode=False) or 0
    except UsageError as error:
        error.show()
        return USAGE_ERROR
    except WrongUsage as error:
        return _failed(error, USAGE_ERROR)
    except ClickException as error:
        error.show()
        return 1
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:  # The reader (`| head`) has had enough.
        sys.stdout = None
        return 1
    except AttuneError as error:
        return _failed(error, 1)
    except Exception as error:
        from alignment.errors import AlignmentError
        from evals.errors import EvalsError
        from ledger.errors import LedgerError, RefusedByGate
        from server.controller.errors import ControllerError

        if not isinstance(error, AlignmentError | EvalsError | LedgerError | ControllerError):
            raise
        return _failed(error, REFUSED_BY_GATE if isinstance(error, RefusedByGate) else 1)


def _failed(error: Exception, status: int) -> int:
    from attune.output import complain

    complain(f"attune: {error}")
    return status


def _public(key: Any) -> dict[str, Any]:
    """A key without the hash of its secret."""
    from dataclasses import asdict

    return {name: value for name, value in asdict(key).items() if name != "secret_sha256"}


def _warn_of_unknown_settings() -> None:
    from attune.output import complain
    from attune.settings import current_environment, unknown

    for name in unknown(current_environment()):
        complain(f"attune: warning: {name} is no setting and has no effect; `attune settings` lists them all.")
