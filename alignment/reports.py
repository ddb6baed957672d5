"""What a policy's training found: the report that PPO, KTO, DPO and SFT share."""

import resource

from pydantic import BaseModel, ConfigDict

from evals.statistics import Estimate


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Look(_Frozen):
    """One look at the held-out prompts during PPO.

    Attributes:
        rollout: Rollouts learned from until then.
        score: Mean centred score of the policy's answers.
        kl: Nats per answer from the reference.
        entropy: Nats per token, as sampled: the mean negative log-probability.
        length: Mean tokens of an answer.
        truncated: Share of answers that did not end by themselves.
    """

    rollout: int
    score: float
    kl: float
    entropy: float
    length: float
    truncated: float


class Speed(_Frozen):
    """Where the time went.

    Attributes:
        seconds: Of training, over all starts of the run.
        rollout_seconds: Of generating and scoring answers.
        update_seconds: Of optimiser steps.
        rollout_tokens_per_s: Generated tokens.
        update_tokens_per_s: Generated tokens learned from, each pass counted.
        peak_memory_mib: Resident on a CPU, allocated on a GPU, of this process.
    """

    seconds: float
    rollout_seconds: float | None = None
    update_seconds: float | None = None
    rollout_tokens_per_s: float | None = None
    update_tokens_per_s: float | None = None
    peak_memory_mib: float


class PolicyReport(_Frozen):
    """The stage's `report.json`.

    Attributes:
        algorithm: `ppo`, `kto`, `dpo` or `sft`.
        rows: Counts of what was trained on, held out, and left out.
        parameters: Trained, in the policy.
        rank: Of the adapter that was written.
        parent: How a parent's adapter was treated, in a sentence.
        steps: Optimiser steps.
        stopped: Why training ended.
        best_step: The optimiser step whose adapter was kept.
        improved: Whether the held-out figure is better than the parent's, its interval apart from zero.
        heldout: Figures on held-out rows, each with n and interval; PPO's `score_gain` is the mean difference of the
            scores to the parent's answers, paired by prompt.
        looks: PPO's looks at the held-out prompts.
        speed: Where the time went.
        warnings: What to know before trusting the policy.
    """

    algorithm: str
    rows: dict[str, int]
    parameters: int
    rank: int
    parent: str
    steps: int
    stopped: str
    best_step: int
    improved: bool | None
    heldout: dict[str, Estimate]
    looks: tuple[Look, ...] = ()
    speed: Speed
    warnings: tuple[str, ...] = ()


def peak_memory_mib(cuda: bool) -> float:
    """The most memory that this process had at once: resident, or allocated on its GPU."""
    if cuda:
        import torch

        return round(torch.cuda.max_memory_allocated() / 2**20, 1)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
