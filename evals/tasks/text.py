"""Measures of an answer's text, without regard to what was asked."""

import re
import string
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_WORD = re.compile(r"\w+(?:['\u2019]\w+)*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=\S)")
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)*")
_LIST = re.compile(r",|;|\n|\band\b", re.IGNORECASE)
_NGRAM = 4


def normalised(text: str) -> str:
    """Lower case, without punctuation, articles and surplus white space.

    As the evaluation of SQuAD does it (Rajpurkar et al. 2016, arXiv:1606.05250; `evaluate-v1.1.py`).
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def last_number(text: str) -> str | None:
    """The last number as it is written, without the commas of thousands; None where there is none."""
    found = _NUMBER.findall(text)
    return found[-1].replace(",", "") if found else None


def listed(text: str) -> set[str]:
    """What is enumerated, normalised: the parts between commas, after the last colon, to the end of its sentence."""
    enumeration = next(iter(sentences(text.rsplit(":", 1)[-1])), "")
    return {normalised(part) for part in _LIST.split(enumeration)} - {""}


def f1(given: Sequence[str], wanted: Sequence[str]) -> float:
    """2 P R / (P + R) over what the two have in common, repeats counted; 1 where both are empty."""
    if not given or not wanted:
        return float(list(given) == list(wanted))
    common = sum((Counter(given) & Counter(wanted)).values())
    return 2 * common / (len(given) + len(wanted))


def token_f1(text: str, reference: str) -> float:
    """F1 of the normalised words of the two (SQuAD; Rajpurkar et al. 2016, section 6)."""
    return f1(normalised(text).split(), normalised(reference).split())


def words(text: str) -> list[str]:
    """Words in lower case, numbers included, punctuation not."""
    return _WORD.findall(text.lower())


def sentences(text: str) -> list[str]:
    """The text cut after each full stop, question or exclamation mark that white space follows; empty for no text."""
    return [part for part in _SENTENCE.split(text.strip()) if part]


def repetition(text: str) -> float:
    """Share of the runs of four words that stood in the answer before: 1 - distinct / all.

    seq-rep-4 of Welleck et al. 2020 (arXiv:1908.04319), on words; 0 for fewer than four words.
    """
    row = words(text)
    runs = [tuple(row[start : start + _NGRAM]) for start in range(len(row) - _NGRAM + 1)]
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def has_phrase(text: str, phrase: str) -> bool:
    """Whether a phrase stands in a text as whole words; case, and how white space is written, do not matter."""
    return _phrase(phrase).search(text) is not None


@lru_cache(maxsize=4096)
def _phrase(phrase: str) -> re.Pattern[str]:
    pattern = r"\s+".join(map(re.escape, phrase.split()))
    return re.compile(rf"(?<!\w){pattern}(?!\w)", re.IGNORECASE)
