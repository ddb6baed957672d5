"""Desired state: which version should be live, and which is tried. Every change is written down in the audit."""

from sqlalchemy import Connection, select, update

from ledger import audit
from ledger.clock import utc_now
from ledger.errors import Impossible, NotFound
from ledger.records import Deployment, VersionState
from ledger.schema import deployments, model_versions


def current(connection: Connection) -> Deployment:
    """Returns what should run now."""
    columns = [column for column in deployments.columns if column.name != "id"]
    return Deployment(**connection.execute(select(*columns)).mappings().one())


def locked(connection: Connection) -> Deployment:
    """Returns what should run now, and keeps others from changing it until the transaction ends."""
    connection.execute(select(deployments.c.id).with_for_update())
    return current(connection)


def set_live(connection: Connection, number: int, *, actor: str, reason: str) -> Deployment:
    """Makes a version live and retires the one before. If it was the canary, there is no canary any more.

    Raises:
        NotFound: There is no such version.
        Impossible: It was rejected.
    """
    before = locked(connection)
    state = _state(connection, number)
    if state == "rejected":
        raise Impossible(f"Version {number} was rejected and cannot go live.")
    if before.live_version == number:
        return before
    if before.live_version is not None:
        _set_state(connection, before.live_version, "retired")
    _set_state(connection, number, "live")
    changes: dict[str, object] = {"live_version": number}
    if before.canary_version == number:
        changes |= {"canary_version": None, "canary_share": 0.0}
    return _change(connection, changes, actor, "set_live", number, reason)


def set_canary(connection: Connection, number: int, share: float, *, actor: str, reason: str) -> Deployment:
    """Sends a share of the users to a version. A canary before it goes back to `passed`.

    Args:
        connection: Of a transaction.
        number: The version.
        share: Of the users, above 0 and at most 1.
        actor: Who wants it.
        reason: Why.

    Raises:
        NotFound: There is no such version.
        Impossible: It is live or was rejected, or the share is out of range.
    """
    before = locked(connection)
    state = _state(connection, number)
    if state in ("live", "rejected"):
        raise Impossible(f"Version {number} is {state} and cannot be a canary.")
    if not 0 < share <= 1:
        raise Impossible(f"A canary's share of {share} is not above 0 and at most 1.")
    if before.canary_version not in (None, number):
        _set_state(connection, before.canary_version, "passed")
    _set_state(connection, number, "canary")
    return _change(connection, {"canary_version": number, "canary_share": share}, actor, "set_canary", number, reason)


def end_canary(connection: Connection, *, actor: str, reason: str, state: VersionState = "rejected") -> Deployment:
    """Sends everybody to the live version again. Without a canary, nothing changes.

    Args:
        connection: Of a transaction.
        actor: Who wants it.
        reason: Why.
        state: What the canary is from now on.
    """
    before = locked(connection)
    if before.canary_version is None:
        return before
    _set_state(connection, before.canary_version, state)
    return _change(
        connection,
        {"canary_version": None, "canary_share": 0.0},
        actor,
        "end_canary",
        before.canary_version,
        reason,
    )


def _state(connection: Connection, number: int) -> str:
    state = connection.execute(select(model_versions.c.state).where(model_versions.c.number == number)).scalar()
    if state is None:
        raise NotFound(f"There is no model version {number}. `attune versions list` shows all.")
    return str(state)


def _set_state(connection: Connection, number: int | None, state: VersionState) -> None:
    connection.execute(update(model_versions).where(model_versions.c.number == number).values(state=state))


def _change(
    connection: Connection, changes: dict[str, object], actor: str, action: str, number: int, reason: str
) -> Deployment:
    connection.execute(update(deployments).values(**changes, updated_at=utc_now()))
    audit.append(connection, actor=actor, action=action, subject=f"v{number}", reason=reason, detail=changes)
    return current(connection)
