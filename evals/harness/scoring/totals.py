"""From the values of all rows to one figure, for the metrics that are no mean."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from statistics import StatisticsError, correlation, stdev
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


def matthews(labels: Sequence[Sequence[int | None]]) -> float:
    """Matthews' correlation (1975), for any number of labels (Gorodkin 2004, doi:10.1016/j.compbiolchem.2004.09.006).

    (c n - Σ p t) / √((n² - Σ p²) (n² - Σ t²)), where c answers of n are right, and a label is said p and right t times;
    0 where one of the two never varies, as scikit-learn has it.

    Args:
        labels: Of each row, what is right and what was said; None, that nothing was, is a label of its own.
    """
    n, agreed = len(labels), sum(right == said for right, said in labels)
    right, said = (Counter(row[place] for row in labels) for place in (0, 1))
    varies = (n**2 - _squares(right)) * (n**2 - _squares(said))
    return (agreed * n - sum(right[label] * said[label] for label in right)) / math.sqrt(varies) if varies else 0.0


def f1_binary(labels: Sequence[Sequence[int | None]]) -> float:
    """F1 of the label 1: 2 tp / (2 tp + fp + fn); 0 where it is neither right nor said anywhere."""
    return _f1(labels, 1)


def f1_macro(labels: Sequence[Sequence[int | None]]) -> float:
    """Mean of the F1 of every label that is right or said anywhere."""
    there = {label for row in labels for label in row if label is not None}
    return sum(_f1(labels, label) for label in there) / len(there)


def questions_right(values: Sequence[Sequence[Any]]) -> float:
    """Share of the groups of which every row is right."""
    groups: dict[Any, list[float]] = defaultdict(list)
    for group, right in values:
        groups[group].append(right)
    return sum(all(rows) for rows in groups.values()) / len(groups)


def pearson(pairs: Sequence[Sequence[float]]) -> float:
    """Pearson's correlation; NaN where one of the two never varies."""
    try:
        return correlation([pair[0] for pair in pairs], [pair[1] for pair in pairs])
    except StatisticsError:
        return NAN


def spearman(pairs: Sequence[Sequence[float]]) -> float:
    """Spearman's: Pearson's of the ranks, equal values having the mean of theirs."""
    return pearson(list(zip(_ranks([pair[0] for pair in pairs]), _ranks([pair[1] for pair in pairs]), strict=True)))


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
        of_a_group: Values that a group must have to count.
    """

    of: Callable[[Sequence[Any]], float]
    by_group: bool = False
    of_a_group: int = 2


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
    "mcc": Total(matthews),
    "f1_binary": Total(f1_binary),
    "f1_macro": Total(f1_macro),
    "f1a": Total(f1_binary),
    "em": Total(questions_right, by_group=True, of_a_group=1),
    "pearson": Total(pearson),
    "spearman": Total(spearman),
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


def _f1(labels: Sequence[Sequence[int | None]], label: int) -> float:
    both = sum(right == said == label for right, said in labels)
    either = sum(row.count(label) for row in labels)
    return 2 * both / either if either else 0.0


def _squares(counts: Counter[int | None]) -> int:
    return sum(count**2 for count in counts.values())


def _ranks(values: Sequence[float]) -> list[float]:
    places: dict[float, list[int]] = defaultdict(list)
    for place, value in enumerate(sorted(values)):
        places[value].append(place)
    return [sum(places[value]) / len(places[value]) for value in values]
