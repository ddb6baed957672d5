"""What every scorer starts with: the row's key is read, and a prompt without an answer is counted."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

NO_ANSWER = "\ufffc"
"""Stands for the answer to a prompt that the server refused, such as one that is longer than the model's context."""

Key = Mapping[str, Any]
Values = dict[str, Any]
Process = Callable[[Mapping[str, Any], Sequence[str]], Values]


def scorer(score: Callable[[Key, str], Values]) -> Process:
    """Makes a scorer of a row out of one that takes the row's key and the answer.

    An unanswered prompt is scored as an empty answer, and counted by the metric `unanswered`.
    """

    @wraps(score)
    def process(row: Mapping[str, Any], answers: Sequence[str]) -> Values:
        missing = answers[0] == NO_ANSWER
        key = json.loads(row["key"]) | {"group": row["group"]}
        return score(key, "" if missing else answers[0].strip()) | {"unanswered": float(missing)}

    return process
