"""Scores of this folder's tasks in lm-eval's form. This runs in lm-eval's environment and imports nothing of ours."""

import re
from typing import Any

from lm_eval.tasks.coqa.utils import compute_scores


def f1(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """F1 of the best sentence, as lm-eval has it for CoQA, by the script of SQuAD that transformers ships."""
    parts = re.split(r"(?<=[.!?])\s+(?=\S)", results[0].strip())
    return {"f1": max(compute_scores([doc["targets"][0]], part)["f1"] for part in parts)}


def contains(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """1 if a target stands in the answer as words of its own."""
    answer = " ".join(results[0].split())
    found = (re.search(rf"(?:^|\W){re.escape(target)}(?:\W|$)", answer, re.IGNORECASE) for target in doc["targets"])
    return {"contains": float(any(found))}
