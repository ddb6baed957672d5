"""What the evidence on the canary says now, for people to see; the controller is who acts on it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from ledger import trials
from ledger.clock import utc_now
from ledger.trials import Trial
from server.canary.decision import Decision, decide
from server.canary.rules import CanaryRules
from server.evidence import gather


@dataclass(frozen=True, slots=True)
class CanaryLook:
    """A trial as it stood at one moment.

    Attributes:
        largest_share: Of a version's thumbs, given by one rater, 0 to 1.
        rules: That the evidence was held against.
        at: When it was looked at.
    """

    trial: Trial
    decision: Decision
    largest_share: float
    rules: CanaryRules
    at: datetime


def look(connection: Connection, rules: CanaryRules) -> CanaryLook | None:
    """Judges the canary without acting on it; None if there is none."""
    trial = trials.current(connection)
    return None if trial is None else look_at(connection, trial, rules)


def look_at(connection: Connection, trial: Trial, rules: CanaryRules) -> CanaryLook:
    """Judges the canary of a trial without acting on it."""
    now = utc_now()
    evidence = gather(connection, trial, rules, now)
    return CanaryLook(trial, decide(evidence, rules), evidence.largest_share, rules, now)
