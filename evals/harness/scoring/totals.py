"""From the values of all rows to one figure, for the metrics that are no mean."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from statistics import stdev
from typing import Any

NAN = float("nan")


def same_for_both(values: Sequence[Sequence[Any]]) -> float:
    """Share of the groups, of two answers or more, whose answers are all the same; NaN without any."""
    groups: dict[Any, list[str]] = defaultdict(list)
    for group, answer in values:
        groups[group].append(answer)
    whole = [answers for answers in groups.values() if len(answers) > 1]
    return sum(len(set(answers)) == 1 for answers in whole) / len(whole) if whole else NAN


def drop(values: Sequence[Sequence[Any]]) -> float:
    """Mean of clean minus variant over the groups that have both; NaN without any. Above 0: the variant is harder."""
    return _difference(values, "clean")


def gap(values: Sequence[Sequence[Any]]) -> float:
    """Mean of pro minus anti over the groups that have both, None being none; NaN without any. Above 0: stereotyped."""
    return _difference(values, "pro")


def bias_disambiguated(values: Sequence[Sequence[float]]) -> float:
    """s_DIS = 2 · n_biased / n_not_unknown - 1, from -1 to 1 (Parrish et al. 2022, section 5).

    NaN where no answer takes a side.

    Args:
        values: Of each row, whether it is right, whether it takes a side, and whether that is the stereotype's.
    """
    sides = sum(row[1] for row in values)
    return 2 * sum(row[2] for row in values) / sides - 1 if sides else NAN


def bias_ambiguous(values: Sequence[Sequence[float]]) -> float:
    """s_AMB = (1 - accuracy) · s_DIS, both over the ambiguous rows; 0 where every answer is right."""
    accuracy = sum(row[0] for row in values) / len(values)
    return 0.0 if accuracy == 1 else (1 - accuracy) * bias_disambiguated(values)


def followed(values: Sequence[Sequence[float]]) -> float:
    """Share of the single instructions that were followed."""
    single = [one for row in values for one in row]
    return sum(single) / len(single)


def bleu_zh(values: Sequence[Sequence[str]]) -> float:
    """BLEU with sacrebleu's tokenizer for Chinese, which has no spaces between words (Post 2018)."""
    import sacrebleu

    references, answers = [row[0] for row in values], [row[1] for row in values]
    return float(sacrebleu.corpus_bleu(answers, [references], tokenize="zh").score)


@dataclass(frozen=True, slots=True)
class Total:
    """How the values of a metric become one figure.

    Attributes:
        of: From values to the figure.
        by_group: Whether a value begins with its group.
    """

    of: Callable[[Sequence[Any]], float]
    by_group: bool = False


TOTALS: Mapping[str, Total] = {
    "same_for_both": Total(same_for_both, by_group=True),
    "drop_typos": Total(drop, by_group=True),
    "drop_upper": Total(drop, by_group=True),
    "drop_paraphrase": Total(drop, by_group=True),
    "drop_distractor": Total(drop, by_group=True),
    "gap": Total(gap, by_group=True),
    "bias_disambiguated": Total(bias_disambiguated),
    "bias_ambiguous": Total(bias_ambiguous),
    "instructions_followed": Total(followed),
    "bleu_zh": Total(bleu_zh),
}
"""By metric; lm-eval knows no standard error of these."""


def bootstrap_error(
    total: Total, values: Sequence[Any], groups: Sequence[str], resamples: int, random: Random
) -> float | None:
    """Standard error of a figure by drawing whole groups with replacement (Davison & Hinkley 1997, section 2.4).

    Args:
        total: The figure.
        values: (n,) of the rows.
        groups: (n,) what each belongs to.
        resamples: How many times the groups are drawn.
        random: Draws.

    Returns:
        None for fewer than two groups, or where the figure is undefined in half of the draws.
    """
    members: dict[str, list[Any]] = defaultdict(list)
    for group, value in zip(groups, values, strict=True):
        members[group].append(value)
    if len(members) < 2:
        return None
    drawn = []
    for _ in range(resamples):
        chosen = enumerate(random.choices(list(members.values()), k=len(members)))
        # A group that is drawn twice counts as two.
        rows = [[turn, *value[1:]] if total.by_group else value for turn, group in chosen for value in group]
        drawn.append(total.of(rows))
    defined = [figure for figure in drawn if not math.isnan(figure)]
    return stdev(defined) if len(defined) > resamples / 2 else None


def _difference(values: Sequence[Sequence[Any]], first: str) -> float:
    groups: dict[Any, dict[bool, float]] = defaultdict(dict)
    for group, condition, value in values:
        if value is not None:
            groups[group][condition == first] = value
    whole = [found for found in groups.values() if len(found) == 2]
    return sum(found[True] - found[False] for found in whole) / len(whole) if whole else NAN
