"""The scorers of GLUE and SuperGLUE whose own metrics are more than accuracy: what is right beside what was said.

An answer in which no label can be recognised is wrong, whatever is right.
"""

import re

from evals.harness.scoring.options import chosen
from evals.harness.scoring.row import Key, Values, scorer

_UNREADABLE = -1.0
"""Below every degree, as in T5's evaluation (`string_to_float` of its postprocessors; Raffel et al. 2020)."""
_MOST = 5
_SCALE = re.compile(r"(?:/|\bout of|\bof|\b0\s*(?:to|-|\u2013))\s*5(?![\d.,]*\d)", re.IGNORECASE)
"""Names the scale and no degree: "3/5", "3 out of 5", "from 0 to 5"."""
_DEGREE = re.compile(r"(?<![\w.,-])\d+(?:[.,]\d+)?(?!\w)")


@scorer
def matthews(key: Key, answer: str) -> Values:
    """Accuracy, and the labels for Matthews' correlation (CoLA, AX-b)."""
    return _labels(key, answer, "mcc")


@scorer
def paraphrase(key: Key, answer: str) -> Values:
    """Accuracy, and the labels for F1 (MRPC, QQP)."""
    return _labels(key, answer, "f1_binary")


@scorer
def commitment(key: Key, answer: str) -> Values:
    """Accuracy, and the labels for the mean of each one's F1 (CB)."""
    return _labels(key, answer, "f1_macro")


@scorer
def proposals(key: Key, answer: str) -> Values:
    """Accuracy, the labels for F1 over all proposed answers, and to which question they belong (MultiRC)."""
    values = _labels(key, answer, "f1a")
    return values | {"em": [key["group"], values["acc"]]}


@scorer
def similarity(key: Key, answer: str) -> Values:
    """The degree of people and the one that is said, for their correlation (STS-B)."""
    said = degree(answer)
    pair = [float(key["degree"]), _UNREADABLE if said is None else said]
    return {"pearson": pair, "spearman": pair, "read": float(said is not None)}


def degree(answer: str) -> float | None:
    """The last number of an answer, but for the scale's ends; None where it is not from 0 to 5."""
    found = _DEGREE.findall(_SCALE.sub(" ", answer))
    value = float(found[-1].replace(",", ".")) if found else _UNREADABLE
    return value if 0 <= value <= _MOST else None


def _labels(key: Key, answer: str, metric: str) -> Values:
    said, right = chosen(answer, key["options"]), key["right"]
    return {"acc": float(said == right), "read": float(said is not None), metric: [right, said]}
