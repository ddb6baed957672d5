"""The gate: evidence in, verdict out. A pure function; what it is given and what it says can be stored and repeated.

A criterion passes only if its figure is there, finite, from enough items, and its whole interval is within the bounds.
A candidate passes only if every criterion does. So nothing that is missing or broken can help it.
"""

import math
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from evals.errors import UnusableEvidence
from evals.statistics import Estimate
from evals.thresholds import Threshold, Thresholds

_ROUNDING = 1e-9


class Evidence(BaseModel):
    """What was measured.

    Attributes:
        candidate: Name of the model that is judged.
        parent: Name of the model that it is compared with.
        figures: By criterion.
        notes: By criterion, what a person needs to know to believe or mend it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    candidate: str
    parent: str
    figures: Mapping[str, Estimate]
    notes: Mapping[str, tuple[str, ...]] = {}


class Criterion(BaseModel):
    """One line of the verdict.

    Attributes:
        name: Of the criterion.
        figure: What was measured; None if it is missing.
        threshold: What was asked, for people.
        passed: Whether it is within its bounds.
        why: In a sentence.
        reason: Why that is asked.
        notes: Of the evidence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    figure: Estimate | None
    threshold: str
    passed: bool
    why: str
    reason: str
    notes: tuple[str, ...]


class Verdict(BaseModel):
    """Whether the candidate may be promoted, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    candidate: str
    parent: str
    passed: bool
    criteria: tuple[Criterion, ...]

    @property
    def refused_for(self) -> tuple[str, ...]:
        """Names of the criteria that it does not meet."""
        return tuple(criterion.name for criterion in self.criteria if not criterion.passed)


def judge(evidence: Evidence, thresholds: Thresholds) -> Verdict:
    """Holds every figure against its threshold.

    Raises:
        UnusableEvidence: There is a figure without a threshold, so nobody has said what it must be.
    """
    if unknown := sorted(set(evidence.figures) - set(thresholds.root)):
        raise UnusableEvidence(f"There is no threshold for {', '.join(unknown)}. Add one, with its reason.")
    criteria = tuple(
        _criterion(name, evidence.figures.get(name), threshold, evidence.notes.get(name, ()))
        for name, threshold in thresholds.root.items()
    )
    passed = all(criterion.passed for criterion in criteria)
    return Verdict(candidate=evidence.candidate, parent=evidence.parent, passed=passed, criteria=criteria)


def _criterion(name: str, figure: Estimate | None, threshold: Threshold, notes: tuple[str, ...]) -> Criterion:
    fault = _fault(figure, threshold)
    return Criterion(
        name=name,
        figure=figure,
        threshold=str(threshold),
        passed=fault is None,
        why=fault or "within its bounds",
        reason=threshold.reason,
        notes=notes,
    )


def _fault(figure: Estimate | None, threshold: Threshold) -> str | None:
    """What is wrong with a figure, in a sentence; None if nothing is."""
    if figure is None:
        return "the figure is missing"
    if figure.value is None or figure.low is None or figure.high is None:
        return "the figure or its interval could not be computed"
    if not all(map(math.isfinite, (figure.value, figure.low, figure.high))):
        return "the figure is no finite number"
    if not figure.low - _ROUNDING <= figure.value <= figure.high + _ROUNDING:
        return "the figure is outside its own interval"
    if figure.n < threshold.min_items:
        return f"{figure.n} items are too few, {threshold.min_items} are needed"
    if threshold.low_above is not None and figure.low <= threshold.low_above:
        return f"the lower end {figure.low:.3f} is not above {threshold.low_above:g}"
    if threshold.low_least is not None and figure.low < threshold.low_least:
        return f"the lower end {figure.low:.3f} is below {threshold.low_least:g}"
    if threshold.high_most is not None and figure.high > threshold.high_most:
        return f"the upper end {figure.high:.3f} is above {threshold.high_most:g}"
    return None
