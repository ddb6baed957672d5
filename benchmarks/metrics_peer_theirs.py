"""scikit-learn's and SciPy's figures for the cases of metrics_peer.py: JSON in, JSON out, in lm-eval's environment."""

import json
import sys
from typing import Any

from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import f1_score, matthews_corrcoef

SILENT = -1
"""Stands for None, which these libraries do not know as a label."""


def of_labels(rows: list[list[int | None]]) -> dict[str, float]:
    """Of rows of what is right and what was said."""
    right, said = ([SILENT if row[place] is None else row[place] for row in rows] for place in (0, 1))
    there = sorted({*right, *said} - {SILENT})
    return {
        "mcc": float(matthews_corrcoef(right, said)),
        "f1_binary": float(f1_score(right, said, labels=[1], average="macro", zero_division=0)),
        "f1_macro": float(f1_score(right, said, labels=there, average="macro", zero_division=0)),
    }


def of_degrees(rows: list[list[float]]) -> dict[str, float]:
    """Of rows of people's degree and the one that was said."""
    right, said = ([row[place] for row in rows] for place in (0, 1))
    return {"pearson": float(pearsonr(right, said).statistic), "spearman": float(spearmanr(right, said).statistic)}


def main() -> None:
    """Answers on stdout with the figures of each case."""
    cases: list[dict[str, Any]] = json.load(sys.stdin)
    json.dump([of_labels(case["labels"]) | of_degrees(case["degrees"]) for case in cases], sys.stdout)


if __name__ == "__main__":
    main()
