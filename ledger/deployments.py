"""Desired state: which version should be live, and which is tried. Every change is written down in the audit.

A version goes candidate -> passed -> canary -> live -> retired, or is rejected on the way. Each operation is one
transaction that holds the deployment's row, so changes take turns; and each names the version that it believes to be
the canary or live, so the second of two people who saw the same state and both act is refused, not obeyed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select, update

from ledger import audit, engines, history
from ledger.clock import utc_now
from ledger.errors import Conflict, Impossible, NotFound, RefusedByGate
from ledger.records import Deployment, VersionState
from ledger.schema import audit as audit_table
from ledger.schema import deployments, model_versions

_TRIED: tuple[VersionState, ...] = ("passed", "canary", "retired")
_MAKING_LIVE = ("set_live", "promote", "roll_back")


@dataclass(frozen=True, slots=True)
class Change:
    """Who wants a change, and why; with what it rests on, as JSON."""

    actor: str
    reason: str
    evidence: Mapping[str, object] | None = None


def current(connection: Connection) -> Deployment:
    """Returns what should run now."""
    columns = [column for column in deployments.columns if column.name != "id"]
    return Deployment(**connection.execute(select(*columns)).mappings().one())


def locked(connection: Connection) -> Deployment:
    """Returns what should run now, and keeps others from changing it until the transaction ends."""
    connection.execute(select(deployments.c.id).with_for_update())
    return current(connection)


def set_live(connection: Connection, number: int, change: Change) -> Deployment:
    """Makes a version live as it is, without a trial: the model that Attune was started with.

    Raises:
        NotFound: There is no such version.
        Impossible: It was rejected.
    """
    before = locked(connection)
    if _state(connection, number) == "rejected":
        raise Impossible(f"Version {number} was rejected and cannot go live.")
    if before.live_version == number:
        return before
    return _make_live(connection, before, number, "retired", "set_live", change)


def start_canary(connection: Connection, number: int, share: float, change: Change) -> Deployment:
    """Sends a share of the people to a version; for the version that is the canary already, changes its share.

    Args:
        connection: Of a writing transaction.
        number: The version: one that the gate passed, or that was live once.
        share: Of the people, above 0 and at most 1.
        change: Who, and why.

    Raises:
        NotFound: There is no such version.
        RefusedByGate: The gate refused it, and nobody has overridden that.
        Impossible: It has not been judged, is live or was rolled back; it learned from what was erased since; nothing
            is live that it could be compared with; or the share is out of range.
        Conflict: Another version is the canary.
    """
    before = locked(connection)
    state = _state(connection, number)
    if _built_on_erased(connection, number):
        raise Impossible(f"Version {number} learned from feedback that was erased since, so nobody is sent to it.")
    _require_passed(connection, number, state)
    if not 0 < share <= 1:
        raise Impossible(f"A canary's share of {share} is not above 0 and at most 1.")
    if before.live_version is None:
        raise Impossible(f"Nothing is live that version {number} could be compared with.")
    if before.canary_version not in (None, number):
        raise Conflict(f"Version {before.canary_version} is the canary now. Promote it or roll it back first.")
    _set_state(connection, number, "canary")
    return _change(connection, before, {"canary_version": number, "canary_share": share}, "canary", number, change)


def promote(connection: Connection, number: int, change: Change) -> Deployment:
    """Makes the canary live. The version that was live is retired.

    Raises:
        NotFound: There is no such version.
        Conflict: It is not the canary, or not any more; or no engine is ready with it.
    """
    before = locked(connection)
    _require_canary(connection, before, number)
    if all(engine.version_number != number for engine in engines.serving(connection)):
        raise Conflict(f"No engine is ready with version {number} yet. `attune status` shows how far it is.")
    return _make_live(connection, before, number, "retired", "promote", change)


def withdraw(connection: Connection, number: int, change: Change) -> Deployment:
    """Ends a canary without a verdict: it is `passed` again, and may be tried again.

    Raises:
        NotFound: There is no such version.
        Conflict: It is not the canary, or not any more.
    """
    before = locked(connection)
    _require_canary(connection, before, number)
    return _end_canary(connection, before, number, "passed", "withdraw", change)


def roll_back(connection: Connection, number: int, change: Change) -> Deployment:
    """Takes a version away from everybody and rejects it: the canary, or the live version for the one before it.

    A canary that was being tried against a live version that is rolled back goes on against the one before.

    Raises:
        NotFound: There is no such version.
        Conflict: It is neither canary nor live, or not any more.
        Impossible: It is live, and no version was live before it that could be again.
    """
    before = locked(connection)
    _state(connection, number)
    if number == before.canary_version:
        return _end_canary(connection, before, number, "rejected", "roll_back", change)
    if number != before.live_version:
        raise Conflict(f"Version {number} is neither live nor the canary now. {_now(before)}")
    former = live_before(connection, number)
    if former is None:
        raise Impossible(f"Version {number} stays live: there is no version before it to go back to.")
    return _make_live(connection, before, former, "rejected", "roll_back", change)


def _require_canary(connection: Connection, before: Deployment, number: int) -> None:
    _state(connection, number)
    if number != before.canary_version:
        raise Conflict(f"Version {number} is not the canary now. {_now(before)}")


def _now(before: Deployment) -> str:
    canary = "there is no canary" if before.canary_version is None else f"version {before.canary_version} is the canary"
    live = "nothing is live" if before.live_version is None else f"Version {before.live_version} is live"
    return f"{live[0].upper()}{live[1:]}, {canary}."


def _make_live(
    connection: Connection, before: Deployment, number: int, fate: VersionState, action: str, change: Change
) -> Deployment:
    """Makes a version live; `fate` is what becomes of the one that was."""
    if before.live_version is not None:
        _set_state(connection, before.live_version, fate)
    _set_state(connection, number, "live")
    columns: dict[str, object] = {"live_version": number}
    if before.canary_version == number:
        columns |= {"canary_version": None, "canary_share": 0.0}
    return _change(connection, before, columns, action, number, change)


def _end_canary(
    connection: Connection, before: Deployment, number: int, fate: VersionState, action: str, change: Change
) -> Deployment:
    _set_state(connection, number, fate)
    return _change(connection, before, {"canary_version": None, "canary_share": 0.0}, action, number, change)


def live_before(connection: Connection, number: int) -> int | None:
    """Returns the version that a rollback of a live one leads to; None if there is none.

    That is the one which it replaced, as the audit says. What it replaced by a rollback does not count, and neither
    does a version that was rejected since.
    """
    for entry in _changes_of_live(connection):
        former = entry["detail"]["before"]["live_version"]
        if entry["detail"]["after"]["live_version"] != number or entry["action"] == "roll_back" or former is None:
            continue
        if _state(connection, former) != "rejected":
            return int(former)
    return None


def promoted_at(connection: Connection) -> datetime | None:
    """Returns when the live version was promoted; None if it became live in another way, or nothing is live."""
    newest = next(_changes_of_live(connection), None)
    return newest["created_at"] if newest is not None and newest["action"] == "promote" else None


def tried_since(connection: Connection) -> datetime | None:
    """Returns when the canary began to be tried against the version that is live; None if there is no canary.

    A change of its share goes on with the same trial; another live version begins a new one.
    """
    now = current(connection)
    began: datetime | None = None
    for entry in _changes(connection, (*_MAKING_LIVE, "canary", "withdraw")):
        after = entry["detail"]["after"]
        if (after["live_version"], after["canary_version"]) != (now.live_version, now.canary_version):
            break
        began = entry["created_at"]
    return None if now.canary_version is None else began


def _changes_of_live(connection: Connection) -> Iterator[RowMapping]:
    """The changes after which another version was live, newest first."""
    for entry in _changes(connection, _MAKING_LIVE):
        if entry["detail"]["before"]["live_version"] != entry["detail"]["after"]["live_version"]:
            yield entry


def _changes(connection: Connection, actions: tuple[str, ...]) -> Sequence[RowMapping]:
    """What was changed by these actions, newest first."""
    columns = (audit_table.c.action, audit_table.c.detail, audit_table.c.created_at)
    query = select(*columns).where(audit_table.c.action.in_(actions)).order_by(audit_table.c.sequence.desc())
    return connection.execute(query).mappings().all()


def _require_passed(connection: Connection, number: int, state: str) -> None:
    if state in _TRIED:
        return
    report = connection.execute(select(model_versions.c.gate_report).where(model_versions.c.number == number)).scalar()
    refused = state == "rejected" and report is not None and not report["passed"]
    if refused and history.rolled_back(connection, number) is None:
        raise RefusedByGate(
            f"Version {number} was refused by the gate; `attune versions show v{number}` says for what. Whoever knows "
            f"better can take it upon themselves: `attune eval override v{number} --reason …`."
        )
    if (event := history.rolled_back(connection, number)) is not None:
        raise Impossible(
            f"Version {number} is rejected for good: it was rolled back by {event.actor} ({event.reason})."
        )
    raise Impossible(f"Version {number} is {state}; only one that has passed the gate can be a canary.")


def _state(connection: Connection, number: int) -> str:
    state = connection.execute(select(model_versions.c.state).where(model_versions.c.number == number)).scalar()
    if state is None:
        raise NotFound(f"There is no model version {number}. `attune versions list` shows all.")
    return str(state)


def _built_on_erased(connection: Connection, number: int) -> bool:
    query = select(model_versions.c.erased_at).where(model_versions.c.number == number)
    return connection.execute(query).scalar() is not None


def _set_state(connection: Connection, number: int, state: VersionState) -> None:
    connection.execute(update(model_versions).where(model_versions.c.number == number).values(state=state))


def _change(
    connection: Connection,
    before: Deployment,
    columns: dict[str, object],
    action: str,
    number: int,
    change: Change,
) -> Deployment:
    connection.execute(update(deployments).values(**columns, updated_at=utc_now()))
    after = current(connection)
    detail: dict[str, object] = {"before": _as_json(before), "after": _as_json(after)}
    if change.evidence is not None:
        detail["evidence"] = change.evidence
    audit.append(
        connection, actor=change.actor, action=action, subject=f"v{number}", reason=change.reason, detail=detail
    )
    return after


def _as_json(deployment: Deployment) -> dict[str, object]:
    return {
        "live_version": deployment.live_version,
        "canary_version": deployment.canary_version,
        "canary_share": deployment.canary_share,
    }
