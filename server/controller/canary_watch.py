"""Looks at the canary's evidence again and again, and carries out what it says."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from ledger import deployments, trials
from ledger.clock import utc_now
from ledger.database import Database
from ledger.deployments import Change
from ledger.errors import Conflict, Impossible, Unavailable
from ledger.trials import Trial
from server.canary.decision import Decision, Outcome, decide
from server.canary.hypotheses import Evidence
from server.canary.rules import CanaryRules
from server.canary_settings import CanarySettings
from server.evidence import gather

log = logging.getLogger(__name__)

ACTOR = "canary analysis"
_ACTS: Mapping[Outcome, Callable[[Connection, int, Change], object]] = MappingProxyType(
    {"promote": deployments.promote, "roll_back": deployments.roll_back, "undecided": deployments.withdraw}
)


async def watch_canaries(database: Database, settings: CanarySettings, stop: asyncio.Event) -> None:
    """Judges whatever canary there is, every `canary_look_every_s` seconds until `stop` is set."""
    rules = settings.rules
    while not stop.is_set():
        try:
            await asyncio.to_thread(look, database, rules)
        except Unavailable as error:
            log.warning("the canary cannot be judged now; trying again: %s", error)
        except Exception:  # whatever it is: engines must not end because a canary cannot be judged
            log.exception("The canary cannot be judged.")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), settings.canary_look_every_s)


def look(database: Database, rules: CanaryRules) -> Decision | None:
    """Judges the canary once, and promotes it, rolls it back or withdraws it if that is due.

    Between the look and the act somebody may have changed what is tried; then nothing is done, and the next look sees
    the new state.

    Returns:
        The decision; None if there is no canary.
    """
    with database.read() as connection:
        trial = trials.current(connection)
        if trial is None:
            return None
        evidence = gather(connection, trial, rules, utc_now())
    decision = decide(evidence, rules)
    if decision.outcome in _ACTS:
        _carry_out(database, trial, evidence, decision, rules)
    return decision


def _carry_out(database: Database, trial: Trial, evidence: Evidence, decision: Decision, rules: CanaryRules) -> None:
    change = Change(ACTOR, " ".join(decision.reasons), as_json(trial, evidence, decision, rules))
    try:
        with database.write() as connection:
            deployments.locked(connection)
            if trials.current(connection) != trial:
                return
            _ACTS[decision.outcome](connection, trial.canary, change)
        log.info("attune@v%d: %s. %s", trial.canary, decision.outcome, change.reason)
    except (Conflict, Impossible) as error:
        log.warning("attune@v%d should be changed (%s), but: %s", trial.canary, decision.outcome, error)


def as_json(trial: Trial, evidence: Evidence, decision: Decision, rules: CanaryRules) -> dict[str, Any]:
    """All that a decision rests on, for the audit."""
    return {
        "live": trial.live,
        "canary": trial.canary,
        "since": trial.since.isoformat(),
        "age_s": evidence.age_s,
        "traffic_s": evidence.traffic_s,
        "largest_share": evidence.largest_share,
        "difference": list(decision.difference),
        "tests": [asdict(test) for test in decision.tests],
        "all_raters": [asdict(test) for test in decision.all_raters],
        "rules": rules.model_dump(mode="json"),
    }
