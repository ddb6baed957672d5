"""The command line `attune`. Arguments are parsed first; then each command imports what it needs.

`attune.exit_status` says how each ends.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer._click import Context
from typer.core import TyperGroup

from attune import exit_status
from attune.align import align_app
from attune.audit import audit
from attune.errors import WrongUsage
from attune.evaluate import eval_app
from attune.feedback import feedback_app
from attune.harness import harness_app
from attune.keys import keys_app
from attune.move import move
from attune.options import Json
from attune.owner import for_the_owner
from attune.people import people_app
from attune.prune import prune
from attune.rollout import add_commands
from attune.simulate.command import simulate
from attune.users import users_app
from attune.versions import versions_app

_FIRST = ("up", "status", "doctor")


class _NewcomersFirst(TyperGroup):
    """Lists first what a person needs first."""

    def list_commands(self, ctx: Context) -> list[str]:
        """Return the commands' names in the order of the help."""
        names = super().list_commands(ctx)
        return [*_FIRST, *(name for name in names if name not in _FIRST)]


_NO_BARS = {"TQDM_DISABLE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
"""What tqdm and datasets read when they are imported: without a terminal TRL's own bars fill a log."""

app = typer.Typer(
    name="attune",
    cls=_NewcomersFirst,
    help="A chat serving system that gets better from what people think of its answers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(align_app, name="align")
eval_app.add_typer(people_app)
eval_app.add_typer(harness_app)
app.add_typer(eval_app, name="eval")
app.add_typer(keys_app, name="keys")
app.add_typer(versions_app, name="versions")
app.add_typer(feedback_app, name="feedback")
app.add_typer(users_app, name="users")
add_commands(app)
app.command()(simulate)
app.command()(audit)
app.command()(move)
app.command()(prune)


@app.command()
def up(
    model: Annotated[str | None, typer.Option(help="What to serve: a folder, or a hub id.")] = None,
    upstream: Annotated[
        str | None, typer.Option(help="Use this OpenAI-compatible server instead of an engine; several with commas.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address of the API.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port of the API.")] = None,
    ui_host: Annotated[str | None, typer.Option(help="Address of the chat.")] = None,
    ui_port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port of the chat.")] = None,
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
    from attune.first_start import prepare_secrets
    from attune.ledger_access import open_ledger
    from ledger.home_rights import make_home
    from ledger.settings import LedgerSettings, load

    _warn_of_unknown_settings()
    home = load(LedgerSettings).resolved_home
    make_home(home)
    with open_ledger(create=True) as database:
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
    from attune.status import collect, describe_gateway, describe_no_engine, require_ready_engine
    from chat_ui.settings import url_at
    from ledger.engines import SILENT_AFTER_S
    from ledger.settings import LedgerSettings, load
    from server.canary.decision import IN_WORDS
    from server.canary_settings import CanarySettings
    from server.settings import GatewaySettings

    gateway: GatewaySettings = load(GatewaySettings)
    canary: CanarySettings = load(CanarySettings)
    with open_ledger() as database:
        if check:
            require_ready_engine(database)
            return
        _warn_of_unknown_settings()
        home = load(LedgerSettings).resolved_home
        found = collect(database, url_at(gateway.host, gateway.port), home, canary.rules)
    if json:
        output.as_json(found)
        return
    live = found.deployment.live_version
    output.say(f"live      {f'attune@v{live}' if live else 'nothing'}")
    if found.deployment.canary_version:
        output.say(f"canary    attune@v{found.deployment.canary_version} for {found.deployment.canary_share:.0%}")
    if found.canary is not None:
        output.say(f"          {IN_WORDS[found.canary.outcome]}: {' '.join(found.canary.reasons)}")
    output.say(f"gateway   {describe_gateway(found.gateway)}")
    for engine in found.engines:
        silent = found.silent_s[engine.id]
        doubt = f" (said {silent:.0f} s ago: the controller is gone)" if silent > SILENT_AFTER_S else ""
        output.say(f"engine    attune@v{engine.version_number} is {engine.state}: {engine.message}{doubt}")
    if not found.engines:
        output.say(f"engine    {describe_no_engine(load(LedgerSettings).resolved_home)}")
    output.say(f"answers   {found.completions}")
    output.say(f"feedback  {found.feedback} in all; {found.new_feedback} new votes since the last alignment run")
    output.say(f"disk      {found.sizes.in_words}\npruned    {found.sizes.pruned_in_words}")
    if found.sizes.warning is not None:
        output.say(f"          {found.sizes.warning}")


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
        raise typer.Exit(exit_status.FAILED)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="To write; it must not be there yet.")],
) -> None:
    """Copy the ledger and the versions into one file, while everything runs."""
    from attune import output
    from attune.backup import back_up
    from attune.ledger_access import open_ledger
    from ledger.settings import LedgerSettings, load

    settings: LedgerSettings = load(LedgerSettings)
    home, target = settings.home.expanduser().resolve(), file.expanduser().absolute()
    with open_ledger() as database:
        made = back_up(database, home, target)
    kept = ", ".join(version.name for version in made.kept) or "no version"
    output.say(f"{target}: the ledger and {kept}, {_size(made.size_bytes)}.")
    for fault in made.damaged:
        output.complain(f"Not in the backup: {fault}")
    if made.damaged:
        raise typer.Exit(exit_status.FAILED)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `attune backup` has written.")],
    tombstones: Annotated[
        Path | None,
        typer.Option(help="List of what was erased; by default tombstones.jsonl in the home and beside the backup."),
    ] = None,
    no_tombstones: Annotated[
        bool, typer.Option("--no-tombstones", help="Restore without a list: what was erased after the backup is back.")
    ] = False,
) -> None:
    """Make a home folder, which has no ledger yet, of a backup, and erase again what was erased since."""
    from attune import output
    from attune.restore import Destination, erased_since
    from attune.restore import restore as run
    from ledger.dialects import sqlite_file
    from ledger.settings import LedgerSettings, load

    if no_tombstones and tombstones is not None:
        raise WrongUsage("Give --tombstones or --no-tombstones, not both.")
    settings: LedgerSettings = load(LedgerSettings)
    source, copies = file.expanduser().absolute(), settings.copies
    to = Destination(copies.home, sqlite_file(settings.resolved_database_url), copies.tombstones)
    found = None if no_tombstones else erased_since(source, copies.tombstones, tombstones)
    restored = run(source, to, set() if found is None else found.erased)
    made = ", ".join(version.name for version in restored.made) or "no version"
    output.say(f"{to.home} holds the ledger and {made}.")
    if found is not None:
        output.say(
            f"{restored.erased_again} users, conversations and answers were erased again, by {found.described}. What "
            "was erased later than that list was written is back: erase it again."
        )
    for folder in restored.unknown_runs:
        output.complain(f"{folder} is of no run in the backup and can hold what was erased: remove it.")
    for version in restored.absent:
        output.complain(f"{version.name} lay in {version.path}, which is not on this machine.")


def main() -> None:
    """Runs the command of `sys.argv`, and ends the process with its exit status."""
    if not sys.stderr.isatty():
        os.environ |= _NO_BARS | os.environ
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs a command and returns its exit status. Errors become one line on standard error, without a traceback."""
    from typer._click.exceptions import ClickException, UsageError

    command = for_the_owner(typer.main.get_command(app), arguments)
    try:
        return command(arguments, prog_name="attune", standalone_mode=False) or exit_status.DONE
    except UsageError as error:
        error.show()
        return exit_status.WRONG_USAGE
    except ClickException as error:
        error.show()
        return exit_status.FAILED
    except (typer.Abort, KeyboardInterrupt):
        return exit_status.INTERRUPTED
    except BrokenPipeError:  # The reader (`| head`) has had enough.
        sys.stdout = None
        return exit_status.FAILED
    except Exception as error:
        from attune.output import complain

        status = exit_status.of(error)
        if status is None:
            raise
        complain(f"attune: {exit_status.sentence(error)}")
        return status


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:.1f} MiB" if size_bytes >= 2**20 else f"{size_bytes / 2**10:.0f} KiB"


def _warn_of_unknown_settings() -> None:
    from attune.output import complain
    from attune.settings import current_environment, unknown

    for sentence in unknown(current_environment()):
        complain(f"attune: warning: {sentence}")
