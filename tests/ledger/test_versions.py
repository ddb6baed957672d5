"""Model versions, deployments, engines and the audit."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from ledger import audit, deployments, engines, versions
from ledger.database import Database
from ledger.errors import Conflict, Impossible
from ledger.records import Engine
from ledger.schema import model_versions

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def register(database: Database, name: str, path: str | None = None) -> int:
    with database.write() as connection:
        return versions.register_base(connection, path=path or f"/{name}", sha256=name).number


def add_child(database: Database, number: int, parent: int) -> None:
    with database.write() as connection:
        version = {"number": number, "parent_number": parent, "form": "adapter", "path": "/a", "sha256": str(number)}
        connection.execute(insert(model_versions).values(version | {"state": "passed", "created_at": NOW}))


def states(database: Database) -> dict[int, str]:
    with database.read() as connection:
        return {version.number: version.state for version in versions.list_all(connection)}


def live(database: Database) -> int | None:
    with database.read() as connection:
        return deployments.current(connection).live_version


def test_an_empty_ledger_wants_nothing_to_run(database: Database) -> None:
    with database.read() as connection:
        now = deployments.current(connection)
    assert (now.live_version, now.canary_version, now.canary_share) == (None, None, 0.0)
    assert now.updated_at.tzinfo is UTC


def test_the_first_base_goes_live(database: Database) -> None:
    assert register(database, "a") == 1
    assert states(database) == {1: "live"} and live(database) == 1


def test_the_same_model_keeps_its_number_wherever_it_lies(database: Database) -> None:
    register(database, "a", "/old")
    assert register(database, "a", "/new") == 1
    with database.read() as connection:
        version = versions.get(connection, 1)
        assert (version.path, version.form, version.name) == ("/new", "base", "attune@v1")
        assert len(audit.latest(connection)) == 1  # a restart is no change


def test_another_base_replaces_the_live_one_and_can_come_back(database: Database) -> None:
    register(database, "a")
    assert register(database, "b") == 2
    assert states(database) == {1: "retired", 2: "live"}
    assert register(database, "a") == 1
    assert states(database) == {1: "live", 2: "retired"} and live(database) == 1


def test_a_restart_with_the_base_does_not_replace_what_grew_from_it(database: Database) -> None:
    register(database, "a")
    add_child(database, 2, 1)
    add_child(database, 3, 2)
    with database.write() as connection:
        deployments.set_live(connection, 3, deployments.Change("op", "better"))
    assert register(database, "a") == 1
    assert live(database) == 3


def test_a_probe_stays_until_another_is_given(database: Database) -> None:
    with database.write() as connection:
        versions.register_base(connection, path="/a", sha256="a", probe={"p": [-0.5]})
        assert versions.register_base(connection, path="/a", sha256="a").probe == {"p": [-0.5]}
        assert versions.register_base(connection, path="/a", sha256="a", probe={"p": [1]}).probe == {"p": [1]}


def test_an_engine_is_overwritten_listed_and_forgotten(database: Database) -> None:
    register(database, "a")
    starting = Engine("e1", "unix:///e1.sock", 1, "starting", pid=7, started_at=NOW, updated_at=NOW)
    ready = Engine("e1", "unix:///e1.sock", 1, "ready", "up", ("<|im_end|>",), 7, None, NOW, NOW)
    later = NOW + timedelta(minutes=1)
    other = Engine("e2", "http://127.0.0.1:1", 1, "ready", model_name="gpt", started_at=later, updated_at=later)
    with database.write() as connection:
        engines.upsert(connection, starting)
        assert engines.serving(connection) == []
        engines.upsert(connection, ready)
        engines.upsert(connection, other)
        assert engines.serving(connection) == [other, ready]
        engines.upsert(connection, starting)
        assert engines.serving(connection) == [other]
        engines.remove(connection, "e2")
        assert engines.list_all(connection) == [starting]


def add_candidate(database: Database) -> None:
    register(database, "a")
    with database.write() as connection:
        version = {"number": 2, "parent_number": 1, "form": "adapter", "path": "/a", "sha256": "2"}
        connection.execute(insert(model_versions).values(version | {"state": "candidate", "created_at": NOW}))


@pytest.mark.parametrize("passed", [True, False])
def test_a_verdict_is_stored_once_and_stands(database: Database, passed: bool) -> None:
    add_candidate(database)
    with database.write() as connection:
        judged = versions.store_verdict(connection, 2, report={"verdict": 1}, passed=passed, actor="op")
        assert judged.state == ("passed" if passed else "rejected")
        assert judged.gate_report == {"verdict": 1, "passed": passed}
        with pytest.raises(Conflict, match="verdict already"):
            versions.store_verdict(connection, 2, report={"verdict": 2}, passed=True, actor="op")
        assert versions.get(connection, 2) == judged
        entry = audit.latest(connection)[0]
    assert (entry.action, entry.subject, entry.actor) == ("gate", "v2", "op")


def test_only_a_candidate_is_judged(database: Database) -> None:
    register(database, "a")
    with database.write() as connection, pytest.raises(Impossible, match="live"):
        versions.store_verdict(connection, 1, report={}, passed=True, actor="op")


def test_a_refusal_is_overridden_only_with_a_reason_which_stands_in_the_audit(database: Database) -> None:
    add_candidate(database)
    with database.write() as connection:
        with pytest.raises(Impossible, match="nothing to override"):
            versions.override_verdict(connection, 2, actor="op", reason="I like it")
        versions.store_verdict(connection, 2, report={}, passed=False, actor="op")
        with pytest.raises(Impossible, match="reason"):
            versions.override_verdict(connection, 2, actor="op", reason="  ")
        overridden = versions.override_verdict(connection, 2, actor="ada", reason="the judge was down")
        assert (overridden.state, overridden.gate_report) == ("passed", {"passed": False})
        entry = audit.latest(connection)[0]
        assert (entry.action, entry.actor, entry.reason) == ("override_gate", "ada", "the judge was down")
        with pytest.raises(Impossible, match="nothing to override"):
            versions.override_verdict(connection, 2, actor="ada", reason="again")
