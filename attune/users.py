"""`attune users`: the people whose conversations and votes are stored, and erasing them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attune.errors import AttuneError, WrongUsage
from attune.options import Json

if TYPE_CHECKING:
    from ledger.database import Database
    from ledger.erased_copies import Copies

users_app = typer.Typer(help="People whose conversations and votes are stored.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help='As requests name them; "" for those that name nobody.')]
Owner = Annotated[
    str | None,
    typer.Option(help="Owner of the app's key; chat-ui is the chat. By default the only one with the name."),
]


@users_app.command("list")
def list_users(
    owner: Annotated[str | None, typer.Option(help="Only the users of this owner.")] = None, json: Json = False
) -> None:
    """List the users, the oldest first."""
    from attune import output
    from attune.ledger_access import open_ledger
    from ledger import person

    with open_ledger() as database, database.read() as connection:
        rows = person.list_all(connection, owner)
    if json:
        output.as_json(rows)
        return
    headings = ("owner", "user", "created_at", "completions")
    output.as_table(headings, [[row[heading] for heading in headings] for row in rows])


@users_app.command("show")
def show_user(name: Name, owner: Owner = None) -> None:
    """Print everything that is stored of a user, as JSON."""
    from attune import output
    from attune.ledger_access import open_ledger
    from ledger import person

    with open_ledger() as database:
        whose = _owner(database, name, owner)
        with database.read() as connection:
            output.as_json(person.export(connection, whose, name))


@users_app.command("erase")
def erase_user(
    name: Name,
    owner: Owner = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Erase a user: conversations, answers, votes, and what alignment runs on this machine hold of them."""
    from attune import output
    from attune.ledger_access import open_ledger
    from ledger import erase
    from ledger.settings import LedgerSettings, load

    settings: LedgerSettings = load(LedgerSettings)
    with open_ledger() as database:
        whose = _owner(database, name, owner)
        if not yes:
            typer.confirm(f"Erase everything of the user {name!r} of {whose!r}? It cannot be undone.", abort=True)
        with database.write() as connection:
            found = erase.erase_user(connection, whose, name)
        if not found:
            raise WrongUsage(f"Nothing is stored for the user {name!r} of {whose!r}.")
        removed = _remove_copies(settings.copies, database)
    if json:
        output.as_json({"owner": whose, "user": name, "erased": True, "removed_files": removed})
    else:
        output.say(f"The user is erased, and {len(removed)} files that alignment runs made of their votes are removed.")


@users_app.command("replay")
def replay(
    tombstones: Annotated[Path, typer.Argument(metavar="FILE", help="A list of tombstones, such as tombstones.jsonl.")],
) -> None:
    """Erase again what a list of tombstones names, after PostgreSQL was restored from an older copy."""
    from attune import output
    from attune.ledger_access import open_ledger
    from ledger import erase, tombstone_list
    from ledger.settings import LedgerSettings, load

    if not tombstones.is_file():
        raise WrongUsage(f"There is no file {tombstones}.")
    settings: LedgerSettings = load(LedgerSettings)
    listed = tombstone_list.read(tombstones)
    with open_ledger() as database:
        with database.write() as connection:
            found = erase.replay(connection, listed)
        _remove_copies(settings.copies, database)
    output.say(f"{len(listed)} tombstones; {found} of what they name was there, and is erased again.")


def _remove_copies(copies: "Copies", database: "Database") -> list[Path]:
    """Removes what is left on disk.

    Raises:
        AttuneError: Something could not be removed now.
    """
    from ledger.errors import LedgerError

    try:
        return copies.remove(database)
    except (LedgerError, OSError) as error:
        raise AttuneError(
            f"It is erased from the tables, and bytes of it are left on disk: {error} A gateway that runs tries again; "
            "`attune doctor` says whether something is left."
        ) from error


def _owner(database: "Database", name: str, owner: str | None) -> str:
    """Whose user is meant.

    Raises:
        WrongUsage: Nobody has a user of this name, or several owners have.
    """
    from ledger import person

    if owner is not None:
        return owner
    with database.read() as connection:
        owners = person.owners_of(connection, name)
    if not owners:
        raise WrongUsage(f"Nothing is stored for a user {name!r}. `attune users list` shows all.")
    if len(owners) > 1:
        raise WrongUsage(f"{', '.join(owners)} have a user {name!r} each: say which with --owner.")
    return owners[0]
