"""Texts that say nearly the same: MinHash over word triples finds candidates, the exact similarity decides.

Broder 1997, "On the resemblance and containment of documents": the share of equal minima under random permutations
estimates the Jaccard similarity of two sets, the size of their intersection over that of their union; banding the
minima (Leskovec et al., Mining of Massive Datasets, chapter 3) finds the pairs above a similarity without comparing
each with each.
"""

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"\w+")
_SHINGLE_WORDS = 3
_MINIMA = 64
# A pair of similarity s shares one of 64 / r bands of r minima with probability 1 - (1 - s^r)^(64 / r). With r = 4 that
# is above 0.999 for s ≥ 0.8 and 0.24 for s = 0.36; with r = 2, above 0.999 for s ≥ 0.45, at the price of more pairs
# that are compared for nothing.
_MANY_ALIKE, _ROWS, _FEWER_ROWS = 0.8, 4, 2


def normal_form(text: str) -> str:
    """The text without what does not change its meaning: compatibility forms, case, the amount of white space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def shingles(text: str) -> frozenset[str]:
    """The word triples of a text, punctuation aside; a shorter text is one shingle.

    A text without any words, such as an emoji or a formula of signs, is compared by its characters.
    """
    normal = normal_form(text)
    words = _WORD.findall(normal) or list(normal.replace(" ", ""))
    last = max(1, len(words) - _SHINGLE_WORDS + 1)
    return frozenset(" ".join(words[start : start + _SHINGLE_WORDS]) for start in range(last))


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """Size of the intersection over the size of the union; 1 for two empty sets."""
    union = len(a | b)
    return len(a & b) / union if union else 1.0


def near_duplicates(rows: Sequence[Sequence[str]], similarity: float) -> list[int | None]:
    """For each row, the index of the earlier kept row that it repeats; None for one that is kept.

    Two rows repeat each other when each part of the one is similar to the same part of the other: a long conversation
    hides neither another last question nor another answer. A row is compared with those that are kept, so that a chain
    of small changes does not remove its far end.

    Args:
        rows: In the order in which they came, all of as many parts; the first of similar ones is kept.
        similarity: Of the word triples, from which on two parts are the same; 0.45 to 1.
    """
    sets = [[shingles(part) for part in row] for row in rows]
    minima = _ROWS if similarity >= _MANY_ALIKE else _FEWER_ROWS
    buckets: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    result: list[int | None] = []
    for index, parts in enumerate(sets):
        # Parts that are all similar make similar unions, so one signature of the union finds every candidate.
        signature = _signature({f"{number} {item}" for number, part in enumerate(parts) for item in part})
        keys = [(band, rows_of.tobytes()) for band, rows_of in enumerate(signature.reshape(-1, minima))]
        candidates = sorted({earlier for key in keys for earlier in buckets[key]})
        first = next((c for c in candidates if _similar(parts, sets[c], similarity)), None)
        result.append(first)
        if first is None:
            for key in keys:
                buckets[key].append(index)
    return result


def _similar(a: Sequence[frozenset[str]], b: Sequence[frozenset[str]], similarity: float) -> bool:
    return all(jaccard(of_a, of_b) >= similarity for of_a, of_b in zip(a, b, strict=True))


def _signature(items: set[str]) -> NDArray[np.uint64]:
    """The (64,) minima of the hashed items under fixed multiply-and-add permutations of 64 bits."""
    digests = b"".join(hashlib.blake2b(item.encode(), digest_size=8).digest() for item in sorted(items))
    hashes = np.frombuffer(digests, dtype=np.uint64)
    # The high half of a product modulo 2⁶⁴ depends on all bits (Dietzfelbinger et al. 1997); the low one does not.
    permuted = (hashes[:, None] * _MULTIPLIERS + _OFFSETS) >> np.uint64(32)
    minima: NDArray[np.uint64] = permuted.min(axis=0)
    return minima


_GENERATOR = np.random.default_rng(19970609)
_MULTIPLIERS = _GENERATOR.integers(0, 2**63, _MINIMA, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_OFFSETS = _GENERATOR.integers(0, 2**63, _MINIMA, dtype=np.uint64)
