"""`attune move`: the whole ledger into another database, SQLite or PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Self

import typer

from attune.errors import WrongUsage
from attune.options import Json

if TYPE_CHECKING:
    from ledger.moving.move import Moved


def move(
    to: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            help="An empty database: postgresql://USER@HOST/NAME, its password in PGPASSWORD or ~/.pgpass; or "
            "sqlite:///PATH.",
        ),
    ],
    restart: Annotated[
        bool, typer.Option("--restart", help="Clear what an unfinished move has left there, and begin again.")
    ] = False,
    json: Json = False,
) -> None:
    """Move the whole ledger into another database, while Attune is stopped; run it again where it was interrupted."""
    from attune import output
    from ledger.errors import Busy
    from ledger.moving.move import move as run
    from ledger.settings import LedgerSettings, load
    from server.controller.errors import AlreadyRunning

    settings: LedgerSettings = load(LedgerSettings)
    try:
        with _no_controller(settings.resolved_home), MoveDisplay(quiet=json) as display:
            moved = run(settings.resolved_database_url, to, display.show, restart=restart)
    except (Busy, AlreadyRunning) as error:
        raise WrongUsage(f"The ledger is in use: {error} Stop everything that uses it, and move it again.") from error
    if json:
        output.as_json(moved)
    else:
        _say(moved)


@contextmanager
def _no_controller(home: Path) -> Iterator[None]:
    """Keeps `attune up` and the controller from starting in this home; one on another machine may have none."""
    from server.controller.lock import only_controller

    if not home.is_dir():
        yield
        return
    with only_controller(home):
        yield


def _say(moved: "Moved") -> None:
    """Says what was done, and what is left to do for a person."""
    from attune import output
    from attune.settings import current_environment, resolved

    rows = sum(digest.rows for digest in moved.digests.values())
    done = "was moved before" if moved.before else "is moved"
    output.say(f"The ledger {done}: {rows} rows of {len(moved.digests)} tables are the same in both, row by row.")
    (setting,) = (row for row in resolved(current_environment()) if row.name == "database_url")
    now = {"default": "not set now", setting.variable: "set in the environment"}.get(
        setting.source, f"set in {setting.source}"
    )
    output.say(
        f"Next: set {setting.variable}, or database_url in [{setting.section}] of attune.toml ({now}), to the URL that "
        f"you gave ({moved.target}), for every process; then start Attune."
    )
    output.say(
        f"{moved.source} is as it was. Erasing does not reach it any more: delete it, with its copies in backups/, "
        "once you are sure."
    )


class MoveDisplay:
    """Shows how a move comes along: a bar on a terminal, a line for each table elsewhere; use it as a context manager.

    Args:
        quiet: Whether to show nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        from attune.output import err
        from ledger.moving.move import COPYING

        self._console, self._quiet, self._said = err, quiet, COPYING
        columns = (TextColumn("{task.description}"), BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=err, transient=True, disable=quiet or not err.is_terminal)
        self._task = self._progress.add_task("looking", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, what: str, table: str, done: int, total: int) -> None:
        """Show that so many rows of a table are done."""
        self._progress.update(self._task, description=f"{what} {table}", completed=done, total=total)
        said = what == self._said and done == total and total
        if said and not self._quiet and not self._console.is_terminal:
            self._console.print(f"{what} {table}: {total} rows", markup=False)
