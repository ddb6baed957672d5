"""Where a version comes from: its ancestors, and the run and the feedback behind each."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from ledger import runs, snapshots, versions
from ledger.records import ModelVersion, VersionForm, VersionState


@dataclass(frozen=True, slots=True)
class Ancestor:
    """One version of a lineage.

    Attributes:
        algorithm: That it was trained with; None for a base.
        feedback: Votes in its run's snapshot, by their kind; empty for a base, and for a run on a file.
    """

    version: str
    form: VersionForm
    state: VersionState
    run: str | None
    algorithm: str | None
    snapshot: str | None
    feedback: Mapping[str, int]


def lineage(connection: Connection, version: ModelVersion) -> list[Ancestor]:
    """Returns a version and its ancestors, the base last."""
    found = [_ancestor(connection, version)]
    while version.parent_number is not None:
        version = versions.get(connection, version.parent_number)
        found.append(_ancestor(connection, version))
    return found


def _ancestor(connection: Connection, version: ModelVersion) -> Ancestor:
    if version.run_id is None:
        return Ancestor(version.name, version.form, version.state, None, None, None, {})
    run = runs.get(connection, version.run_id)
    votes = snapshots.feedback_by_kind(connection, run.snapshot_id) if run.snapshot_id else {}
    algorithm = run.metrics.get("choice", {}).get("algorithm")
    return Ancestor(version.name, version.form, version.state, run.id, algorithm, run.snapshot_id, votes)
