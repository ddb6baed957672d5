"""Model versions: registered, listed."""

from sqlalchemy import Connection, func, insert, select, update

from ledger import deployments
from ledger.clock import utc_now
from ledger.errors import NotFound
from ledger.records import Json, ModelVersion
from ledger.schema import model_versions


def get(connection: Connection, number: int) -> ModelVersion:
    """Returns a version.

    Raises:
        NotFound: There is none of this number.
    """
    row = connection.execute(select(model_versions).where(model_versions.c.number == number)).mappings().first()
    if row is None:
        raise NotFound(f"There is no model version {number}. `attune versions list` shows all.")
    return ModelVersion(**row)


def list_all(connection: Connection) -> list[ModelVersion]:
    """Returns every version in the order of their numbers."""
    rows = connection.execute(select(model_versions).order_by(model_versions.c.number)).mappings()
    return [ModelVersion(**row) for row in rows]


def register_base(connection: Connection, *, path: str, sha256: str, probe: Json | None = None) -> ModelVersion:
    """Registers the model that Attune was started with, and makes it live if nothing that grew from it is.

    The same model is known again by its hash and keeps its number; its path may have changed. Another model gets the
    next number. So a restart changes nothing, and a start with another model replaces what was live.

    Args:
        connection: Of a writing transaction.
        path: Of the model: a folder, or a URL.
        sha256: Of the model, in hex.
        probe: Token log-probabilities of fixed prompts; None keeps the ones that are known.
    """
    live = deployments.locked(connection).live_version
    same = (model_versions.c.form == "base") & (model_versions.c.sha256 == sha256)
    number = connection.execute(select(model_versions.c.number).where(same)).scalar()
    if number is None:
        number = (connection.execute(select(func.max(model_versions.c.number))).scalar() or 0) + 1
        new = ModelVersion(number, None, "base", path, sha256, "candidate", utc_now(), probe=probe)
        connection.execute(insert(model_versions).values(**_row(new)))
    else:
        changes = {"path": path} | ({} if probe is None else {"probe": probe})
        connection.execute(update(model_versions).where(same).values(**changes))
    if live is None or _base_of(connection, live) != number:
        deployments.set_live(connection, number, actor="attune", reason=f"started with the model {path}")
    return get(connection, number)


def _base_of(connection: Connection, number: int) -> int:
    """Returns the number of the base that a version grew from."""
    rows = connection.execute(select(model_versions.c.number, model_versions.c.parent_number))
    parents = {row.number: row.parent_number for row in rows}
    while (parent := parents[number]) is not None:
        number = parent
    return number


def _row(version: ModelVersion) -> dict[str, object]:
    return {column.name: getattr(version, column.name) for column in model_versions.columns}
