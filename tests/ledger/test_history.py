"""What happened to a version is told in full, and a rollback is final. On SQLite and PostgreSQL."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, insert

from ledger import deployments, engines, history, versions
from ledger.database import Database
from ledger.deployments import Change
from ledger.errors import Impossible
from ledger.records import Engine
from ledger.schema import model_versions

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def two_versions(connection: Connection) -> None:
    """v1 is live and v2 a candidate; engines are ready with both."""
    versions.register_base(connection, path="/base", sha256="base")
    version = {"number": 2, "parent_number": 1, "form": "adapter", "path": "/a", "sha256": "2"}
    connection.execute(insert(model_versions).values(version | {"state": "candidate", "created_at": NOW}))
    for number in (1, 2):
        engines.upsert(connection, Engine(f"eng_{number}", f"unix:///{number}", number, "ready"))


def refused_overridden_promoted(connection: Connection) -> None:
    two_versions(connection)
    versions.store_verdict(connection, 2, report={}, passed=False, actor="op")
    versions.override_verdict(connection, 2, actor="ada", reason="the judge was down")
    deployments.start_canary(connection, 2, 0.1, Change("ada", "try it"))
    deployments.promote(connection, 2, Change("ada", "looks good"))


def told(connection: Connection, number: int) -> list[tuple[str, str, str]]:
    return [(event.what, event.actor, event.reason) for event in history.events(connection, number)]


def test_a_version_tells_all_that_happened_to_it(database: Database) -> None:
    with database.write() as connection:
        refused_overridden_promoted(connection)
        deployments.roll_back(connection, 2, Change("bob", "people complain"))
        assert told(connection, 2) == [
            ("refused by the gate", "op", "the gate says: rejected"),
            ("the gate's verdict overridden", "ada", "the judge was down"),
            ("canary for 0.1 of the people", "ada", "try it"),
            ("promoted: live for everybody", "ada", "looks good"),
            ("rolled back", "bob", "people complain"),
        ]
        assert [what for what, _, _ in told(connection, 1)] == [
            "live from the start",
            "retired for v2",
            "live again after v2",
        ]
        last = history.last_events(connection, [1, 2, 3])
        assert (last[2] and last[2].what, last[3]) == ("rolled back", None)
        assert len(history.entries_about(connection, 2)) == 5


@pytest.mark.parametrize("while_canary", [True, False])
def test_an_override_does_not_bring_a_version_back_that_was_rolled_back(database: Database, while_canary: bool) -> None:
    with database.write() as connection:
        if while_canary:
            two_versions(connection)
            versions.store_verdict(connection, 2, report={}, passed=False, actor="op")
            versions.override_verdict(connection, 2, actor="ada", reason="the judge was down")
            deployments.start_canary(connection, 2, 0.1, Change("ada", "try it"))
        else:
            refused_overridden_promoted(connection)
        deployments.roll_back(connection, 2, Change("bob", "people complain"))
        with pytest.raises(Impossible, match=r"rolled back by bob \(people complain\)"):
            versions.override_verdict(connection, 2, actor="ada", reason="again")
        with pytest.raises(Impossible, match=r"rejected for good: it was rolled back by bob \(people complain\)"):
            deployments.start_canary(connection, 2, 0.1, Change("ada", "try it"))
        assert versions.get(connection, 2).state == "rejected"


def test_a_version_that_passed_and_was_rolled_back_says_so(database: Database) -> None:
    with database.write() as connection:
        two_versions(connection)
        versions.store_verdict(connection, 2, report={}, passed=True, actor="op")
        deployments.start_canary(connection, 2, 0.1, Change("ada", "try it"))
        deployments.roll_back(connection, 2, Change("canary analysis", "worse"))
        with pytest.raises(Impossible, match="rolled back by canary analysis"):
            deployments.start_canary(connection, 2, 0.1, Change("ada", "once more"))
        assert told(connection, 2)[0][0] == "passed the gate"
