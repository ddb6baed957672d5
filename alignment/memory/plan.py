"""Whether a stage fits into its limit, and into how large parts its batches are cut."""

from dataclasses import dataclass

from alignment.errors import NotEnoughMemory
from alignment.memory.bounds import BatchBounds
from alignment.memory.limit import GIB, Limit
from alignment.memory.need import StageNeed

_USED = 0.9
"""Share of the limit that a plan fills: the rest is for what the arithmetic does not know."""
_MOST_SCORED_TOKENS = 8192


@dataclass(frozen=True, slots=True)
class StagePlan:
    """How a stage keeps to its limit.

    Attributes:
        predicted_bytes: Of the process at its peak, at most.
        limit_bytes: What it may take.
    """

    bounds: BatchBounds
    predicted_bytes: int
    limit_bytes: int


def plan(need: StageNeed, limit: Limit) -> StagePlan:
    """Returns the largest parts that fit; gradient checkpointing is used where a row does not fit without it.

    Raises:
        NotEnoughMemory: Not even one row fits.
    """
    usable = int(_USED * limit.bytes) - need.fixed
    scored_least = max(need.longest, 1) * need.scored_token
    for per_token, checkpointing in ((need.trained_token, False), (need.checkpointed_token, True)):
        if usable >= max(need.least_tokens * per_token, scored_least):
            scored = usable // need.scored_token if need.scored_token else _MOST_SCORED_TOKENS
            bounds = BatchBounds(
                trained_tokens=usable // per_token if per_token else None,
                scored_tokens=min(scored, _MOST_SCORED_TOKENS),
                longest=max(need.longest, 1),
                checkpointing=checkpointing,
            )
            return StagePlan(bounds, need.fixed + _growing(need, per_token, bounds), limit.bytes)
    raise NotEnoughMemory(_refusal(need, limit))


def _growing(need: StageNeed, per_token: int, bounds: BatchBounds) -> int:
    """Bytes of the largest forward pass, with or without gradient."""
    learned = min(bounds.trained_tokens or 0, need.batch_tokens) * per_token
    return max(learned, bounds.scored_tokens * need.scored_token)


def _refusal(need: StageNeed, limit: Limit) -> str:
    least = (need.fixed + max(need.least_tokens * need.checkpointed_token, need.longest * need.scored_token)) / _USED
    parts = ", ".join(f"{name} {size / GIB:.2f}" for name, size in need.resident.items())
    shorter = f", or lower {need.lower} (the longest row has {need.longest} tokens)" if need.lower else ""
    return (
        f"The stage {need.stage} needs at least {least / GIB:.1f} GiB of memory ({parts}, the rest for one row), and "
        f"may take {limit.bytes / GIB:.1f} GiB: {limit.reason}; {limit.available / GIB:.1f} GiB are available. "
        f"Stop something, raise the limit (memory_limit_gib, or --memory-limit){shorter}."
    )
