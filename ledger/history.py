"""What happened to each model version, as the audit tells it: its state alone says only how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from ledger import audit
from ledger.records import AuditEntry


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a version.

    Attributes:
        what: In a few words for people, such as `rolled back`.
        reason: As it was given.
    """

    at: datetime
    what: str
    actor: str
    reason: str


def events(connection: Connection, number: int) -> list[Event]:
    """Return all that happened to a version, oldest first."""
    return _events(_all(connection), number)


def last_events(connection: Connection, numbers: Sequence[int]) -> dict[int, Event | None]:
    """Return the last thing that happened to each of these versions; None for one that nothing happened to."""
    entries = _all(connection)
    return {number: next(reversed(_events(entries, number)), None) for number in numbers}


def entries_about(connection: Connection, number: int) -> list[AuditEntry]:
    """Return the audit's entries that concern a version, newest first, also those that name another as the subject."""
    return [entry for entry in audit.latest(connection, None) if _what(entry, number) is not None]


def rolled_back(connection: Connection, number: int) -> Event | None:
    """Return the last rollback of a version, which rejected it for good; None if it was never rolled back."""
    return next((event for event in reversed(events(connection, number)) if event.what == _ROLLED_BACK), None)


_ROLLED_BACK = "rolled back"
_OF_THE_SUBJECT = {
    "override_gate": "the gate's verdict overridden",
    "promote": "promoted: live for everybody",
    "set_live": "live from the start",
    "withdraw": "canary withdrawn without a verdict",
    "probe_failed": "an engine served something else under its name",
}


def _all(connection: Connection) -> list[AuditEntry]:
    return audit.latest(connection, None)[::-1]


def _events(entries: Sequence[AuditEntry], number: int) -> list[Event]:
    told = ((entry, _what(entry, number)) for entry in entries)
    return [Event(entry.created_at, what, entry.actor, entry.reason) for entry, what in told if what is not None]


def _what(entry: AuditEntry, number: int) -> str | None:
    """What an entry says of a version; None if it is about others."""
    is_subject = entry.subject == f"v{number}"
    detail = entry.detail or {}
    before, after = detail.get("before", {}), detail.get("after", {})
    was_live, is_live = before.get("live_version") == number, after.get("live_version") == number
    if entry.action == "roll_back":
        if (is_subject and before.get("canary_version") == number) or (was_live and not is_live):
            return _ROLLED_BACK
        return f"live again after v{before.get('live_version')}" if is_live and not was_live else None
    if was_live and not is_live:
        return f"retired for {entry.subject}"
    if not is_subject:
        return None
    if entry.action == "gate":
        return "passed the gate" if entry.reason.endswith("passed") else "refused by the gate"
    if entry.action == "canary":
        return f"canary for {after.get('canary_share', 0):.4g} of the people"
    return _OF_THE_SUBJECT.get(entry.action, entry.action)
