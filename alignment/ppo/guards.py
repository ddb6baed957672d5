"""When to stop, and which adapter to keep.

A reward model is a proxy: driven far enough, the policy scores higher and answers worse (Gao et al. 2022, "Scaling laws
for reward model overoptimization", arXiv:2210.10760). So a run ends at a KL budget, when the policy hardly varies
any more, or when the held-out score no longer rises; what is kept is the best adapter by that score within the budget.
"""

from pydantic import BaseModel, ConfigDict

from alignment.reports import Look


class Limits(BaseModel):
    """What the guards watch; see `PPOConfig`."""

    model_config = ConfigDict(frozen=True)

    kl_budget: float
    entropy_floor: float
    patience: int


class Guards(BaseModel):
    """The guards' memory: saved with each checkpoint, so that a resumed run decides alike.

    Attributes:
        first_entropy: Of the first rollout, nats per token.
        looks: At the held-out prompts, the first before any training.
        start_scores: Of the prompts for the report, at the first look.
        best_scores: The same at the best look.
        best: Index of the best look; 0 is the parent, and then nothing was kept.
        stopped: Why the run ends, empty while it goes on.
    """

    first_entropy: float | None = None
    looks: list[Look] = []
    start_scores: list[float] = []
    best_scores: list[float] = []
    best: int = 0
    stopped: str = ""

    def after_rollout(self, kl: float, entropy: float, limits: Limits) -> None:
        """Judges what the policy wrote for training.

        Args:
            kl: Nats per answer from the reference.
            entropy: Nats per token.
            limits: That must hold.
        """
        if self.first_entropy is None:
            self.first_entropy = entropy
        floor = limits.entropy_floor * self.first_entropy
        if kl > limits.kl_budget:
            self.stopped = f"the KL budget is spent: {kl:.2f} of {limits.kl_budget:g} nats per answer"
        elif entropy < floor:
            self.stopped = (
                f"the entropy collapsed: {entropy:.3f} nats per token, from {self.first_entropy:.3f} at the start"
            )

    def after_look(self, look: Look, scores: list[float], limits: Limits) -> bool:
        """Judges the answers to held-out prompts.

        Args:
            look: Their means; the score is what chooses.
            scores: Of the prompts for the report.
            limits: That must hold.

        Returns:
            Whether this adapter is the best so far and must be kept.
        """
        self.looks.append(look)
        if len(self.looks) == 1:
            self.start_scores = scores
            return False
        if look.kl <= limits.kl_budget and look.score > self.looks[self.best].score:
            self.best, self.best_scores = len(self.looks) - 1, scores
            return True
        since = len(self.looks) - 1 - self.best
        if since >= limits.patience and not self.stopped:
            self.stopped = (
                f"over-optimisation: no better held-out score in {since} looks "
                f"(best {self.looks[self.best].score:.3f}, now {look.score:.3f})"
            )
        return False
