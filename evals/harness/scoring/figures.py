"""From what lm-eval returns for a task to the rows of our table."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from evals.harness.scoring.totals import TOTALS, bootstrap_error

_RESAMPLES = 500


def figures(task: str, results: Mapping[str, Any], samples: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row for each metric of a task, by name, with n and standard error; NaN becomes None."""
    rows = []
    for name, value in sorted(results.items()):
        metric, _, filtered = name.partition(",")
        if not filtered or metric.endswith("_stderr"):
            continue
        counted = [sample for sample in samples if metric in sample["metrics"]]
        error, by, n = _number(results.get(f"{metric}_stderr,{filtered}")), "lm-eval", len(counted)
        if metric in TOTALS:
            values, groups = [s[metric] for s in counted], [s["doc"]["group"] for s in counted]
            error, by = bootstrap_error(TOTALS[metric], values, groups, _RESAMPLES, Random(17)), "bootstrap"
            n = _whole(values, TOTALS[metric].of_a_group) if TOTALS[metric].by_group else n
            error = error if n > 1 else None
        row = {"task": task, "metric": metric, "value": _number(value), "standard_error": error}
        rows.append(row | {"error_by": by if error is not None else None, "n": n})
    return rows


def _whole(values: Sequence[Sequence[Any]], least: int) -> int:
    """Groups of which so many values are there, None being none."""
    return sum(number >= least for number in Counter(value[0] for value in values if None not in value).values())


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
