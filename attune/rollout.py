"""`attune canary`, `promote`, `withdraw` and `rollback`: what should be live. The controller carries it out."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from attune.actor import actor
from attune.errors import WrongUsage
from attune.version_name import number_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ledger.deployments import Change
    from server.canary.rules import CanaryRules

Version = Annotated[str, typer.Argument(help="v7, or 7.")]
Reason = Annotated[str, typer.Option(help="Why; it stands in the audit.")]

_ASKED = "asked for on the command line"


def canary(
    version: Version,
    share: Annotated[str, typer.Option(help="Of the people: 10%, or 0.1.")] = "10%",
    reason: Reason = _ASKED,
) -> None:
    """Try a version on a share of the people; for the one that is tried already, change the share."""
    from attune import output
    from ledger import deployments
    from ledger.settings import load
    from server.canary_settings import CanarySettings

    number, wanted = number_of(version), parse_share(share)
    settings: CanarySettings = load(CanarySettings)
    with _changing(reason) as (connection, change):
        deployments.start_canary(connection, number, wanted, change)
        warning = _too_few_raters(connection, settings.rules)
    output.say(f"attune@v{number} gets {wanted:.4g} of the people as soon as an engine is ready with it.")
    if warning:
        output.say(warning)


def promote(version: Version, reason: Reason = _ASKED) -> None:
    """Make the canary live for everybody."""
    from attune import output
    from ledger import deployments

    number = number_of(version)
    with _changing(reason) as (connection, change):
        deployments.promote(connection, number, change)
    output.say(f"attune@v{number} is live.")


def withdraw(version: Version, reason: Reason = _ASKED) -> None:
    """End a canary without a verdict; it may be tried again."""
    from attune import output
    from ledger import deployments

    number = number_of(version)
    with _changing(reason) as (connection, change):
        deployments.withdraw(connection, number, change)
    output.say(f"attune@v{number} is not tried any more.")


def rollback(
    version: Annotated[
        str | None, typer.Argument(help="The canary, or the live version; by default the canary if there is one.")
    ] = None,
    reason: Reason = _ASKED,
) -> None:
    """Take the canary from everybody, or the live version for the one before it, and reject it."""
    from attune import output
    from ledger import deployments
    from ledger.errors import Impossible

    asked = None if version is None else number_of(version)
    with _changing(reason) as (connection, change):
        before = deployments.locked(connection)
        number = asked or before.canary_version or before.live_version
        if number is None:
            raise Impossible("Nothing is live, so there is nothing to roll back.")
        after = deployments.roll_back(connection, number, change)
    output.say(f"attune@v{number} is rejected; attune@v{after.live_version} is live.")


def add_commands(app: typer.Typer) -> None:
    """Puts the commands on the command line."""
    for command in (canary, promote, withdraw, rollback):
        app.command()(command)


def parse_share(text: str) -> float:
    """A share of the people, 0 to 1, from `10%` or `0.1`.

    Raises:
        WrongUsage: It is neither, or not above 0 and at most 1.
    """
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise WrongUsage(f"{text!r} is no share of the people: give one above 0 and at most 1, such as 10% or 0.1.")
    return share


def _too_few_raters(connection: "Connection", rules: "CanaryRules") -> str | None:
    """What to say where thumbs could not decide about a canary today, even if everybody who may decide voted."""
    from ledger import trials

    known = trials.count_established(connection, rules.established_age_s)
    if known >= rules.min_established:
        return None
    return (
        f"Undecided, look yourself: {known} established raters are known, and thumbs decide by themselves from"
        f" {rules.min_established} on. `attune status` shows what all raters say; errors and slowness still roll back."
    )


@contextmanager
def _changing(reason: str) -> Iterator[tuple["Connection", "Change"]]:
    """A transaction, and the change that is made in it."""
    from attune.ledger_access import open_ledger
    from ledger.deployments import Change

    with open_ledger() as database, database.write() as connection:
        yield connection, Change(actor(), reason)
