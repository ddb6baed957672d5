"""Instructions that a program can check, in the manner of IFEval (Zhou et al. 2023, arXiv:2311.07911)."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from evals.harness.scoring.row import Key, Values, scorer
from evals.tasks.text import has_phrase, words

_ENTRY = re.compile(r"^\s*(?:[-*\u2022]|\d+[.)])\s+\S", re.MULTILINE)

CHECKS: Mapping[str, Callable[[str, Any], bool]] = {
    "words_exactly": lambda answer, n: len(words(answer)) == n,
    "words_at_most": lambda answer, n: 0 < len(words(answer)) <= n,
    "words_at_least": lambda answer, n: len(words(answer)) >= n,
    "has": has_phrase,
    "has_not": lambda answer, phrase: bool(answer) and not has_phrase(answer, phrase),
    "upper_case": lambda answer, _: answer.isupper(),
    "lower_case": lambda answer, _: answer.islower(),
    "entries": lambda answer, n: len(_ENTRY.findall(answer)) == n,
    "starts_with": lambda answer, start: answer.startswith(start),
    "ends_with": lambda answer, end: answer.endswith(end),
}
"""By the name that stands in a row; the second argument is the instruction's."""


@scorer
def follows(key: Key, answer: str) -> Values:
    """Whether every instruction of the prompt was followed, and each by itself (IFEval's strict accuracies)."""
    single = [float(CHECKS[name](answer, argument)) for name, argument in key["checks"]]
    return {"prompts_followed": float(all(single)), "instructions_followed": single}
