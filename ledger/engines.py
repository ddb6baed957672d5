"""Observed state: the engines that run. Only the controller writes here."""

from dataclasses import asdict

from sqlalchemy import Connection, RowMapping, delete, select

from ledger.insertion import upsert as upsert_row
from ledger.records import Engine
from ledger.schema import engines

SILENT_AFTER_S = 20.0
"""An engine of which the controller has said nothing for so long is not known to run. It speaks every 5 s."""


def upsert(connection: Connection, engine: Engine) -> None:
    """Writes down what is observed of an engine, in place of what was."""
    upsert_row(connection, engines, asdict(engine))


def serving(connection: Connection) -> list[Engine]:
    """Returns the engines that are ready, the one started last first."""
    query = select(engines).where(engines.c.state == "ready").order_by(engines.c.started_at.desc(), engines.c.id)
    return [_engine(row) for row in connection.execute(query).mappings()]


def list_all(connection: Connection) -> list[Engine]:
    """Returns all engines, the one started last first."""
    query = select(engines).order_by(engines.c.started_at.desc(), engines.c.id)
    return [_engine(row) for row in connection.execute(query).mappings()]


def remove(connection: Connection, engine_id: str) -> None:
    """Forgets an engine that is gone."""
    connection.execute(delete(engines).where(engines.c.id == engine_id))


def remove_all(connection: Connection) -> None:
    """Forgets all engines: those of a ledger that was copied run elsewhere, if at all."""
    connection.execute(delete(engines))


def _engine(row: RowMapping) -> Engine:
    return Engine(**{**row, "control_tokens": tuple(row["control_tokens"])})
