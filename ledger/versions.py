"""Model versions: registered, judged, listed."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, func, insert, select, update

from ledger import audit, deployments, history
from ledger.clock import utc_now
from ledger.errors import Conflict, Erased, Impossible, NotFound
from ledger.records import Json, ModelVersion, VersionState
from ledger.schema import alignment_runs, model_versions, snapshots


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
    number = ensure_base(connection, path=path, sha256=sha256, probe=probe).number
    if live is None or base_of(connection, live) != number:
        deployments.set_live(connection, number, deployments.Change("attune", f"started with the model {path}"))
    return get(connection, number)


def ensure_base(connection: Connection, *, path: str, sha256: str, probe: Json | None = None) -> ModelVersion:
    """Registers a model that nothing was trained from before, without making it live; one that is known keeps its row.

    Arguments as in `register_base`.
    """
    deployments.locked(connection)
    same = (model_versions.c.form == "base") & (model_versions.c.sha256 == sha256)
    number = connection.execute(select(model_versions.c.number).where(same)).scalar()
    if number is None:
        number = _next_number(connection)
        new = ModelVersion(number, None, "base", path, sha256, "candidate", utc_now(), probe=probe)
        connection.execute(insert(model_versions).values(**_row(new)))
    else:
        changes = {"path": path} | ({} if probe is None else {"probe": probe})
        connection.execute(update(model_versions).where(same).values(**changes))
    return get(connection, number)


def register_adapter(
    connection: Connection, *, parent: int, path: str, sha256: str, run_id: str, probe: Json
) -> ModelVersion:
    """Registers what an alignment run made, as a candidate with the next number.

    A run makes one version: registering it again returns the version of the first time.

    Args:
        connection: Of a writing transaction.
        parent: The version that the run started from.
        path: Of the adapter's folder.
        sha256: Of the adapter's manifest, in hex.
        run_id: The run.
        probe: Token log-probabilities of fixed prompts.

    Raises:
        NotFound: There is no such run, or no such parent.
        Erased: Feedback that the run learned from was erased meanwhile.
    """
    deployments.locked(connection)
    if known := made_by(connection, run_id):
        return known
    if get(connection, parent).erased_at is not None or _snapshot_erased(connection, run_id):
        raise Erased(
            f"People whose feedback run {run_id} learned from have been erased since it began, so its result is not "
            "registered. Start a new run."
        )
    number = _next_number(connection)
    new = ModelVersion(number, parent, "adapter", path, sha256, "candidate", utc_now(), run_id=run_id, probe=probe)
    connection.execute(insert(model_versions).values(**_row(new)))
    return new


def base_paths(connection: Connection) -> dict[int, str]:
    """Returns, for each version, the path of the base that it grew from."""
    columns = model_versions.c.number, model_versions.c.parent_number, model_versions.c.path
    found: dict[int, str] = {}
    for row in connection.execute(select(*columns).order_by(model_versions.c.number)):
        # A parent has a lower number than its children.
        found[row.number] = row.path if row.parent_number is None else found[row.parent_number]
    return found


def store_verdict(connection: Connection, number: int, *, report: Json, passed: bool, actor: str) -> ModelVersion:
    """Stores what the gate found about a candidate, for good, and lets it pass or rejects it.

    Args:
        connection: Of a writing transaction.
        number: The candidate.
        report: The verdict with its inputs; JSON.
        passed: What it comes to.
        actor: Who had it judged.

    Raises:
        NotFound: There is no such version.
        Conflict: It has a verdict already, which cannot be changed.
        Impossible: It is no candidate.
    """
    deployments.locked(connection)
    version = get(connection, number)
    if version.gate_report is not None:
        raise Conflict(f"{version.name} has a verdict already, and a verdict is not changed.")
    if version.state != "candidate":
        raise Impossible(f"{version.name} is {version.state}; only a candidate is judged.")
    state: VersionState = "passed" if passed else "rejected"
    stored = {**report, "passed": passed}
    changed = update(model_versions).where(model_versions.c.number == number)
    connection.execute(changed.values(gate_report=stored, state=state))
    audit.append(connection, actor=actor, action="gate", subject=f"v{number}", reason=f"the gate says: {state}")
    return get(connection, number)


def override_verdict(connection: Connection, number: int, *, actor: str, reason: str) -> ModelVersion:
    """Lets a version pass that the gate has refused. The verdict stays as it is; the reason stands in the audit.

    Args:
        connection: Of a writing transaction.
        number: The version.
        actor: Who takes it upon themselves.
        reason: Why; not empty.

    Raises:
        NotFound: There is no such version.
        Impossible: The gate has not refused it, it was rolled back since, or no reason is given.
    """
    deployments.locked(connection)
    version = get(connection, number)
    if not reason.strip():
        raise Impossible("A verdict is overridden only with a reason.")
    if version.state != "rejected" or version.gate_report is None or version.gate_report["passed"]:
        raise Impossible(f"{version.name} is {version.state} and was not refused by the gate: nothing to override.")
    if (event := history.rolled_back(connection, number)) is not None:
        raise Impossible(
            f"{version.name} was overridden before and rolled back by {event.actor} ({event.reason}): it stays "
            f"rejected. `attune versions show v{number}` tells the rest. Train a new version instead."
        )
    connection.execute(update(model_versions).where(model_versions.c.number == number).values(state="passed"))
    audit.append(connection, actor=actor, action="override_gate", subject=f"v{number}", reason=reason)
    return get(connection, number)


def made_by(connection: Connection, run_id: str) -> ModelVersion | None:
    """Returns the version that an alignment run made; None if it made none."""
    number = connection.execute(select(model_versions.c.number).where(model_versions.c.run_id == run_id)).scalar()
    return None if number is None else get(connection, number)


def numbers_by_run(connection: Connection, run_ids: Sequence[str]) -> dict[str, int]:
    """Returns the number of the version that each run made; runs that made none are left out."""
    query = select(model_versions.c.run_id, model_versions.c.number).where(model_versions.c.run_id.in_(run_ids))
    return {row.run_id: row.number for row in connection.execute(query)}


def relocate(connection: Connection, old: Path, new: Path) -> None:
    """Notes that what lay below one folder lies below another now, as after a restore elsewhere."""
    for version in list_all(connection):
        if Path(version.path).is_relative_to(old):
            path = new / Path(version.path).relative_to(old)
            changed = update(model_versions).where(model_versions.c.number == version.number)
            connection.execute(changed.values(path=str(path)))


def base_of(connection: Connection, number: int) -> int:
    """Returns the number of the base that a version grew from."""
    return bases(connection)[number]


def bases(connection: Connection) -> dict[int, int]:
    """Returns, for each version, the number of the base that it grew from."""
    rows = connection.execute(
        select(model_versions.c.number, model_versions.c.parent_number).order_by(model_versions.c.number)
    )
    found: dict[int, int] = {}
    for row in rows:  # a parent has a lower number than its children
        found[row.number] = row.number if row.parent_number is None else found[row.parent_number]
    return found


def _next_number(connection: Connection) -> int:
    return (connection.execute(select(func.max(model_versions.c.number))).scalar() or 0) + 1


def _snapshot_erased(connection: Connection, run_id: str) -> bool:
    """Whether feedback of the run's snapshot was erased; a run without a row cannot have a version."""
    joined = alignment_runs.outerjoin(snapshots, snapshots.c.id == alignment_runs.c.snapshot_id)
    row = connection.execute(
        select(snapshots.c.erased_at).select_from(joined).where(alignment_runs.c.id == run_id)
    ).first()
    if row is None:
        raise NotFound(f"There is no alignment run {run_id}. `attune align status` lists the latest.")
    return row.erased_at is not None


def _row(version: ModelVersion) -> dict[str, object]:
    return {column.name: getattr(version, column.name) for column in model_versions.columns}
