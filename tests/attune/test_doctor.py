"""What the doctor says of engines that take too long, have failed, or of which nobody speaks any more."""

from dataclasses import replace
from datetime import timedelta

from attune.doctor import engine_faults
from attune.sizes import Sizes
from attune.status import Status
from ledger.clock import utc_now
from ledger.records import Deployment, Engine
from ledger.retention.record import Record

STARTING = Engine("eng_1", "unix:///s", 1, "starting", "loading the weights")
SIZES = Sizes({}, 0, Record(None, {}))


def faults(engine: Engine, silent_s: float = 1) -> list[str]:
    status = Status(Deployment(1, None, 0.0, utc_now()), [engine], {engine.id: silent_s}, 0, 0, 0, None, None, SIZES)
    return engine_faults(status, start_timeout_s=600)


def test_an_engine_that_is_well_has_no_faults() -> None:
    assert faults(STARTING) == faults(replace(STARTING, state="ready")) == []


def test_a_start_that_lasts_too_long_is_a_fault() -> None:
    [said] = faults(replace(STARTING, started_at=utc_now() - timedelta(seconds=1440)))
    assert "loading the weights" in said
    assert "began 1440 s ago, and should take 600 s at most" in said


def test_a_failed_engine_and_a_silent_controller_are_faults() -> None:
    [said] = faults(replace(STARTING, state="failed", message="The engine broke down."))
    assert said == "The engine of attune@v1 is failed: The engine broke down."
    [said] = faults(STARTING, silent_s=216)
    assert "216 s ago, and nothing since: it is gone" in said
