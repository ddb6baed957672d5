"""`attune keys`: API keys."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attune.errors import WrongUsage
from attune.options import Json

if TYPE_CHECKING:
    from ledger.records import ApiKey

keys_app = typer.Typer(help="API keys.", no_args_is_help=True)


class Keep(StrEnum):
    """How much is kept of an answer."""

    FULL = "full"
    METADATA = "metadata"
    NOTHING = "nothing"


class Scope(StrEnum):
    """What a key may do."""

    INFERENCE = "inference"
    FEEDBACK = "feedback"
    ADMIN = "admin"
    VOUCH = "vouch"


@keys_app.command("create")
def create_key(
    name: Annotated[str, typer.Option(help="For people: what the key is for.")],
    scope: Annotated[list[Scope], typer.Option(help="What the key may do; give it several times for several.")],
    owner: Annotated[
        str | None, typer.Option(help="Keys of the same owner see the same data; by default the name.")
    ] = None,
    rate: Annotated[int | None, typer.Option(min=1, help="Requests per minute; by default no limit.")] = None,
    expires: Annotated[str | None, typer.Option(help="90d, 12h, 30m, or a date; by default never.")] = None,
    keep: Annotated[
        Keep,
        typer.Option(
            help="The most that is kept of its answers: all, figures without any text, or nothing. "
            "A request can ask for less."
        ),
    ] = Keep.FULL,
    json: Json = False,
) -> None:
    """Make an API key and show it, once."""
    from attune import output
    from attune.expiry import parse_expiry
    from attune.ledger_access import open_ledger
    from ledger import keys
    from ledger.clock import utc_now

    if not name.strip() or (owner is not None and not owner.strip()):
        raise WrongUsage("Give --name, and --owner where it is given, a text that is not empty.")
    expires_at = parse_expiry(expires, utc_now()) if expires else None
    with open_ledger() as database, database.write() as connection:
        key, secret = keys.create(
            connection,
            name=name,
            owner=name if owner is None else owner,
            scopes=[item.value for item in scope],
            requests_per_minute=rate,
            expires_at=expires_at,
            keep=keep.value,
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
    headings = ("prefix", "name", "owner", "scopes", "keep", "requests_per_minute", "expires_at", "revoked_at")
    output.as_table(headings, [[row[heading] for heading in headings] for row in rows])


@keys_app.command("revoke")
def revoke_key(
    key: Annotated[str, typer.Argument(help="Prefix or id, as `attune keys list` shows it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask about the chat's own key.")] = False,
) -> None:
    """Revoke an API key, for good. Gateways refuse it within a second."""
    from attune import output
    from attune.ledger_access import open_ledger
    from ledger import keys
    from ledger.clock import utc_now

    with open_ledger() as database:
        with database.read() as connection:
            found = keys.get(connection, key)
        if found.owner == keys.CHAT_OWNER and found.usable(utc_now()) and not yes:
            output.complain(
                f"{found.prefix} ({found.name}) is a key of the chat: once it is revoked, nobody can chat until "
                "`attune prepare` or a start of Attune has made a new one, and the chat is started again."
            )
            typer.confirm("Revoke it all the same?", abort=True, err=True)
        with database.write() as connection:
            revoked = keys.revoke(connection, found.id)
    output.say(f"Revoked {revoked.prefix} ({revoked.name}).")


def _public(key: "ApiKey") -> dict[str, Any]:
    """A key without the hash of its secret."""
    from dataclasses import asdict

    return {name: value for name, value in asdict(key).items() if name != "secret_sha256"}
