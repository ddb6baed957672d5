"""Changes of desired state: what is allowed, what is refused, and what the audit says. On SQLite and PostgreSQL."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert, update

from ledger import audit, deployments, engines, trials, versions
from ledger.database import Database
from ledger.deployments import Change
from ledger.errors import Conflict, Impossible, LedgerError, NotFound, RefusedByGate
from ledger.records import AuditEntry, Deployment, Engine
from ledger.schema import model_versions

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WHY = Change("op", "because")


@pytest.fixture
def ledger(database: Database) -> Database:
    """v1 is live; v2 and v3 have passed the gate, v4 has not been judged. Engines are ready with the first three."""
    with database.write() as connection:
        versions.register_base(connection, path="/base", sha256="base")
        for number, state in ((2, "passed"), (3, "passed"), (4, "candidate")):
            version = {"number": number, "parent_number": 1, "form": "adapter", "path": "/a", "sha256": str(number)}
            connection.execute(insert(model_versions).values(version | {"state": state, "created_at": NOW}))
        for number in (1, 2, 3):
            engines.upsert(connection, Engine(f"eng_{number}", f"unix:///{number}", number, "ready"))
    return database


def do(ledger: Database, operation: Callable[..., Deployment], *arguments: Any, change: Change = WHY) -> Deployment:
    with ledger.write() as connection:
        return operation(connection, *arguments, change)


def now(ledger: Database) -> tuple[int | None, int | None, float]:
    with ledger.read() as connection:
        found = deployments.current(connection)
    return found.live_version, found.canary_version, found.canary_share


def states(ledger: Database) -> dict[int, str]:
    with ledger.read() as connection:
        return {version.number: version.state for version in versions.list_all(connection)}


def last_entry(ledger: Database) -> AuditEntry:
    with ledger.read() as connection:
        return audit.latest(connection, 1)[0]


def refused(ledger: Database, error: type[LedgerError], operation: Callable[..., Deployment], *arguments: Any) -> str:
    """What a refusal says; it must have changed nothing."""
    before = (now(ledger), states(ledger), last_entry(ledger))
    with pytest.raises(error) as caught:
        do(ledger, operation, *arguments)
    assert (now(ledger), states(ledger), last_entry(ledger)) == before
    return str(caught.value)


def test_a_canary_is_tried_grows_and_is_promoted(ledger: Database) -> None:
    do(ledger, deployments.start_canary, 2, 0.1)
    assert now(ledger) == (1, 2, 0.1) and states(ledger)[2] == "canary"
    do(ledger, deployments.start_canary, 2, 0.5)
    assert now(ledger) == (1, 2, 0.5)
    do(ledger, deployments.promote, 2)
    assert now(ledger) == (2, None, 0.0)
    assert states(ledger) == {1: "retired", 2: "live", 3: "passed", 4: "candidate"}


def test_a_canary_is_rolled_back_and_rejected(ledger: Database) -> None:
    do(ledger, deployments.start_canary, 2, 0.1)
    do(ledger, deployments.roll_back, 2, change=Change("controller", "thumbs-up became rarer", {"log_e": 4.2}))
    assert now(ledger) == (1, None, 0.0) and states(ledger)[2] == "rejected"
    entry = last_entry(ledger)
    assert (entry.actor, entry.action, entry.subject, entry.reason) == (
        "controller",
        "roll_back",
        "v2",
        "thumbs-up became rarer",
    )
    assert entry.detail == {
        "before": {"live_version": 1, "canary_version": 2, "canary_share": 0.1},
        "after": {"live_version": 1, "canary_version": None, "canary_share": 0.0},
        "evidence": {"log_e": 4.2},
    }


def test_an_undecided_canary_is_withdrawn_and_can_be_tried_again(ledger: Database) -> None:
    do(ledger, deployments.start_canary, 2, 0.1)
    do(ledger, deployments.withdraw, 2)
    assert now(ledger) == (1, None, 0.0) and states(ledger)[2] == "passed"
    do(ledger, deployments.start_canary, 2, 0.2)
    assert now(ledger) == (1, 2, 0.2)


def test_a_promotion_is_undone_step_by_step(ledger: Database) -> None:
    for number in (2, 3):
        do(ledger, deployments.start_canary, number, 0.1)
        do(ledger, deployments.promote, number)
    do(ledger, deployments.roll_back, 3)
    assert now(ledger)[0] == 2
    do(ledger, deployments.roll_back, 2)
    assert now(ledger)[0] == 1
    assert states(ledger) == {1: "live", 2: "rejected", 3: "rejected", 4: "candidate"}
    assert "no version before it" in refused(ledger, Impossible, deployments.roll_back, 1)


def test_a_version_that_was_live_may_be_tried_again(ledger: Database) -> None:
    do(ledger, deployments.start_canary, 2, 0.1)
    do(ledger, deployments.promote, 2)
    do(ledger, deployments.start_canary, 1, 0.3)
    assert now(ledger) == (2, 1, 0.3)


def test_only_what_has_passed_the_gate_becomes_a_canary(ledger: Database) -> None:
    do(ledger, deployments.start_canary, 3, 0.1)
    do(ledger, deployments.roll_back, 3)
    assert "is candidate" in refused(ledger, Impossible, deployments.start_canary, 4, 0.1)
    assert "is rejected" in refused(ledger, Impossible, deployments.start_canary, 3, 0.1)
    assert "is live" in refused(ledger, Impossible, deployments.start_canary, 1, 0.1)
    refused(ledger, NotFound, deployments.start_canary, 9, 0.1)
    for share in (0.0, -0.1, 1.1, float("nan")):
        assert "share" in refused(ledger, Impossible, deployments.start_canary, 2, share)


def test_what_was_built_on_erased_feedback_is_not_tried(ledger: Database) -> None:
    with ledger.write() as connection:
        connection.execute(update(model_versions).where(model_versions.c.number == 2).values(erased_at=NOW))
    assert "erased" in refused(ledger, Impossible, deployments.start_canary, 2, 0.1)


def test_a_second_canary_is_refused_while_there_is_one(ledger: Database) -> None:
    do(ledger, deployments.start_canary, 2, 0.1)
    assert "Version 2 is the canary now" in refused(ledger, Conflict, deployments.start_canary, 3, 0.1)


@pytest.mark.parametrize("operation", [deployments.promote, deployments.withdraw, deployments.roll_back])
def test_what_is_not_the_canary_any_more_is_a_conflict_that_says_what_is(
    ledger: Database, operation: Callable[..., Deployment]
) -> None:
    do(ledger, deployments.start_canary, 2, 0.1)
    do(ledger, deployments.withdraw, 2)
    do(ledger, deployments.start_canary, 3, 0.1)
    assert "Version 1 is live, version 3 is the canary" in refused(ledger, Conflict, operation, 2)
    refused(ledger, NotFound, operation, 9)


def test_a_rollback_of_the_same_version_twice_goes_one_step_back_only(ledger: Database) -> None:
    for number in (2, 3):
        do(ledger, deployments.start_canary, number, 0.1)
        do(ledger, deployments.promote, number)
    do(ledger, deployments.roll_back, 3)
    refused(ledger, Conflict, deployments.roll_back, 3)
    assert now(ledger)[0] == 2


def test_of_two_changes_at_once_one_is_obeyed_and_the_other_refused(ledger: Database) -> None:
    for _ in range(5):
        do(ledger, deployments.start_canary, 2, 0.1)
        results: list[object] = []
        ready = threading.Barrier(2)

        def change(operation: Callable[..., Deployment], results: list[object], ready: threading.Barrier) -> None:
            ready.wait()
            try:
                results.append(do(ledger, operation, 2))
            except Conflict as error:
                results.append(error)

        threads = [
            threading.Thread(target=change, args=(operation, results, ready))
            for operation in (deployments.withdraw, deployments.withdraw)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert sorted(isinstance(result, Conflict) for result in results) == [False, True]
        assert now(ledger) == (1, None, 0.0)


def test_a_canary_without_a_ready_engine_is_not_promoted(ledger: Database) -> None:
    do(ledger, deployments.start_canary, 2, 0.1)
    with ledger.write() as connection:
        engines.upsert(connection, Engine("eng_2", "unix:///2", 2, "starting"))
    assert "No engine is ready with version 2" in refused(ledger, Conflict, deployments.promote, 2)


def test_what_the_gate_refused_is_tried_only_after_an_override(ledger: Database) -> None:
    with ledger.write() as connection:
        versions.store_verdict(connection, 4, report={}, passed=False, actor="gate")
    assert "attune eval override v4" in refused(ledger, RefusedByGate, deployments.start_canary, 4, 0.1)
    with ledger.write() as connection:
        versions.override_verdict(connection, 4, actor="op", reason="the judge was wrong")
    do(ledger, deployments.start_canary, 4, 0.1)
    assert now(ledger) == (1, 4, 0.1)


def test_a_rollback_never_leads_to_a_version_that_was_rejected(ledger: Database) -> None:
    for number in (2, 1):
        do(ledger, deployments.start_canary, number, 0.1)
        do(ledger, deployments.promote, number)
    do(ledger, deployments.roll_back, 1)
    assert now(ledger)[0] == 2
    assert "no version before it" in refused(ledger, Impossible, deployments.roll_back, 2)


def test_a_trial_lasts_over_changes_of_the_share_and_begins_anew_with_another_live_version(ledger: Database) -> None:
    def trial() -> trials.Trial | None:
        with ledger.read() as connection:
            return trials.current(connection)

    assert trial() is None
    do(ledger, deployments.start_canary, 2, 0.1)
    do(ledger, deployments.promote, 2)
    do(ledger, deployments.start_canary, 3, 0.1)
    first = trial()
    assert first is not None
    assert (first.live, first.canary) == (2, 3)
    do(ledger, deployments.start_canary, 3, 0.5)
    assert trial() == first
    do(ledger, deployments.roll_back, 2)
    second = trial()
    assert second is not None
    assert (second.live, second.canary) == (1, 3)
    assert second.since > first.since
    do(ledger, deployments.withdraw, 3)
    assert trial() is None


def test_only_a_promotion_keeps_the_version_before_it_at_hand(ledger: Database) -> None:
    def promoted() -> bool:
        with ledger.read() as connection:
            return deployments.promoted_at(connection) is not None

    assert not promoted()  # v1 was set live
    do(ledger, deployments.start_canary, 2, 0.1)
    assert not promoted()
    do(ledger, deployments.promote, 2)
    assert promoted()
    do(ledger, deployments.roll_back, 2)
    assert not promoted()


def test_only_a_known_version_that_was_not_rejected_goes_live_without_a_trial(ledger: Database) -> None:
    do(ledger, deployments.start_canary, 2, 0.1)
    do(ledger, deployments.roll_back, 2)
    assert "rejected" in refused(ledger, Impossible, deployments.set_live, 2)
    refused(ledger, NotFound, deployments.set_live, 9)
