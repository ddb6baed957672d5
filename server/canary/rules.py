"""What a canary is judged by."""

from collections.abc import Mapping
from math import log
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field

DAY_S = 86_400.0

TOLERANCES: Mapping[str, float] = MappingProxyType(
    {
        "error": 0.01,
        "slow_first_token": 0.05,
        "slow_token": 0.05,
        "long_answer": 0.10,
        "short_answer": 0.10,
        "refusal": 0.05,
    }
)
"""By how much a guard's event may be more frequent with the canary, as a difference of shares."""


class CanaryRules(BaseModel):
    """When a canary is rolled back, promoted or given up. Shares are in (0, 1), times in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    false_rollback: float = Field(
        default=0.05, gt=0, lt=1, description="chance that a canary as good as the live version is rolled back"
    )
    false_promotion: float = Field(
        default=0.05, gt=0, lt=1, description="chance that a canary that is worse by `margin` is promoted"
    )
    margin: float = Field(
        default=0.05, ge=0, lt=1, description="a promotion rules out that thumbs-up became rarer by this, as a share"
    )
    min_established: int = Field(
        default=20, ge=1, description="established raters who rated, both versions together, before thumbs decide"
    )
    established_age_s: float = Field(
        default=DAY_S, ge=0, description="established is who was known so long before the trial, or is keyed"
    )
    min_raters: int = Field(
        default=50, ge=1, description="established raters who rated each version, before a promotion"
    )
    max_rater_share: float = Field(
        default=0.2, gt=0, le=1, description="one rater's share of a version's thumbs that forbids a promotion"
    )
    min_age_s: float = Field(default=3600, ge=0, description="never promoted before")
    vote_window_s: float = Field(
        default=DAY_S, gt=0, description="thumbs count that are given so soon after the answer"
    )
    rating_tolerance: float = Field(
        default=0.2, gt=0, lt=1, description="a promotion rules out that answers are rated so much less or more often"
    )
    horizon_s: float = Field(default=14 * DAY_S, gt=0, description="without a decision by then, live stays")
    tolerances: Mapping[str, float] = Field(
        default_factory=lambda: dict(TOLERANCES),
        description="guards, and by how much each one's event may become more frequent",
    )

    @property
    def vote_windows_s(self) -> tuple[float, float]:
        """How long after an answer its thumbs count: a short time, to roll back soon, and the whole time, for all."""
        return self.vote_window_s / 24, self.vote_window_s

    @property
    def thumbs_limit(self) -> float:
        """The evidence (log) that rolls back for thumbs: the two windows share half of the chance of error."""
        return log(2 * len(self.vote_windows_s) / self.false_rollback)

    @property
    def guard_limit(self) -> float:
        """The evidence (log) that rolls back for one guard: they share the other half alike (Bonferroni)."""
        return log(2 * len(self.tolerances) / self.false_rollback)

    @property
    def promotion_limit(self) -> float:
        """The evidence (log) that promotes."""
        return log(1 / self.false_promotion)
