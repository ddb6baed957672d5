"""How far the trial of the canary is. Needs the scope `admin`."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from ledger import trials
from server.canary.decision import Outcome
from server.canary.hypotheses import HypothesisTest
from server.canary_look import CanaryLook
from server.context import AdminCaller, In
from server.openapi import errors

router = APIRouter(tags=["deployments"])


class RateAnswer(BaseModel):
    """How often an event happened, of so many people who were asked or answered."""

    k: int
    n: int


class HypothesisAnswer(BaseModel):
    """Where one test stands: `evidence` of `limit` (natural logarithms) that rejects."""

    name: str
    rejects: str
    evidence: float
    limit: float
    rejected: bool
    canary: RateAnswer
    live: RateAnswer

    @classmethod
    def of(cls, test: HypothesisTest) -> "HypothesisAnswer":
        """Returns a test on the wire."""
        return cls(
            name=test.name,
            rejects=f"canary - live {test.rejects}",
            evidence=test.log_e,
            limit=test.limit,
            rejected=test.rejected,
            canary=RateAnswer(k=test.canary.k, n=test.canary.n),
            live=RateAnswer(k=test.live.k, n=test.live.n),
        )


class RulesAnswer(BaseModel):
    """What the evidence is held against; docs/canary.md."""

    margin: float
    min_established: int
    established_age_s: float
    min_raters: int
    max_rater_share: float
    min_age_s: float
    vote_window_s: float
    rating_tolerance: float
    horizon_s: float


class TrialAnswer(BaseModel):
    """A canary beside the live version. `low` and `high` bound the difference of thumbs-up shares, canary - live.

    `tests` count the thumbs of established raters, which alone decide: that thumbs-up became rarer, that it did not by
    the margin, that it became rarer among thumbs that came soon, that answers are not rated less often, nor more often,
    and then the guards. `all_raters` are the first two over all raters.
    """

    canary: int
    live: int
    since: datetime
    looked_at: datetime
    outcome: Outcome
    reasons: list[str]
    low: float
    high: float
    largest_share: float
    tests: list[HypothesisAnswer]
    all_raters: list[HypothesisAnswer]
    rules: RulesAnswer

    @classmethod
    def of(cls, look: CanaryLook) -> "TrialAnswer":
        """Returns a look on the wire."""
        decision, rules = look.decision, look.rules
        return cls(
            canary=look.trial.canary,
            live=look.trial.live,
            since=look.trial.since,
            looked_at=look.at,
            outcome=decision.outcome,
            reasons=list(decision.reasons),
            low=decision.difference[0],
            high=decision.difference[1],
            largest_share=look.largest_share,
            tests=[HypothesisAnswer.of(test) for test in decision.tests],
            all_raters=[HypothesisAnswer.of(test) for test in decision.all_raters],
            rules=RulesAnswer(
                margin=rules.margin,
                min_established=rules.min_established,
                established_age_s=rules.established_age_s,
                min_raters=rules.min_raters,
                max_rater_share=rules.max_rater_share,
                min_age_s=rules.min_age_s,
                vote_window_s=rules.vote_window_s,
                rating_tolerance=rules.rating_tolerance,
                horizon_s=rules.horizon_s,
            ),
        )


class CanaryAnswer(BaseModel):
    """The trial that is going on; null if there is none."""

    object: Literal["canary"] = "canary"
    trial: TrialAnswer | None


@router.get("/v1/deployments/canary", responses=errors())
async def get_canary(context: In, caller: AdminCaller) -> CanaryAnswer:
    """Says what the evidence on the canary says now; a look that is a few seconds old is shown again."""
    trial = await context.ledger.read(trials.current)
    return CanaryAnswer(trial=None if trial is None else TrialAnswer.of(await context.looks.get(trial)))
