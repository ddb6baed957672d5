"""The audit: every change of desired state, never changed itself."""

from dataclasses import asdict

from sqlalchemy import Connection, insert, select

from ledger.clock import utc_now
from ledger.ids import new_id
from ledger.records import AuditEntry, Json
from ledger.schema import audit


def append(
    connection: Connection, *, actor: str, action: str, subject: str, reason: str, detail: Json | None = None
) -> AuditEntry:
    """Writes down a change. Call it in the transaction that makes the change."""
    entry = AuditEntry(new_id("aud"), actor, action, subject, reason, utc_now(), detail)
    connection.execute(insert(audit).values(**asdict(entry)))
    return entry


def latest(connection: Connection, limit: int | None = 20) -> list[AuditEntry]:
    """Returns the latest changes, newest first; all of them without a limit."""
    columns = [column for column in audit.columns if column.name != "sequence"]
    rows = connection.execute(select(*columns).order_by(audit.c.sequence.desc()).limit(limit)).mappings()
    return [AuditEntry(**row) for row in rows]
