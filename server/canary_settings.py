"""Settings of the canary analysis: `ATTUNE_*` variables, or `[canary]` in `attune.toml`."""

from typing import ClassVar

from pydantic import Field

from ledger.settings import AttuneSettings
from server.canary.rules import DAY_S, CanaryRules


class CanarySettings(AttuneSettings):
    """When a canary is promoted, rolled back or given up by itself. Times are in seconds, shares 0 to 1."""

    section: ClassVar[str] = "canary"

    canary_look_every_s: float = Field(default=10, gt=0, description="How often the evidence is looked at.")
    canary_min_established: int = Field(
        default=20,
        ge=1,
        description="Established raters who rated either version, before thumbs promote or roll back by themselves.",
    )
    canary_established_age_s: float = Field(
        default=DAY_S,
        ge=0,
        description="Established is who was known so long before the trial began, or is keyed.",
    )
    canary_min_raters: int = Field(
        default=50, ge=1, description="Established raters who rated each version, before a promotion by itself."
    )
    canary_min_age_s: float = Field(default=3600, ge=0, description="Nothing is promoted by itself before.")
    canary_vote_window_s: float = Field(
        default=DAY_S,
        gt=0,
        description="Thumbs on an answer count that come so soon; they are looked at when that time is over, and for a "
        "rollback also after a twenty-fourth of it.",
    )
    canary_rating_tolerance: float = Field(
        default=0.2,
        gt=0,
        lt=1,
        description="A promotion rules out that the canary's answers are rated so much less or more often.",
    )
    canary_horizon_s: float = Field(default=14 * DAY_S, gt=0, description="Without a decision by then, live stays.")
    canary_margin: float = Field(
        default=0.05, ge=0, lt=1, description="A promotion rules out that thumbs-up became rarer by this."
    )
    canary_max_rater_share: float = Field(
        default=0.2, gt=0, le=1, description="One rater's share of a version's thumbs that forbids a promotion."
    )

    @property
    def rules(self) -> CanaryRules:
        """The rules of the decision; what is no setting stays at its default."""
        return CanaryRules(
            min_established=self.canary_min_established,
            established_age_s=self.canary_established_age_s,
            min_raters=self.canary_min_raters,
            min_age_s=self.canary_min_age_s,
            vote_window_s=self.canary_vote_window_s,
            rating_tolerance=self.canary_rating_tolerance,
            horizon_s=self.canary_horizon_s,
            margin=self.canary_margin,
            max_rater_share=self.canary_max_rater_share,
        )
