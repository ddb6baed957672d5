"""The gate: what passes, what is refused and for which reason, and that nothing missing or broken ever helps."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.errors import UnusableEvidence, UnusableThresholds
from evals.gate import Evidence, Verdict, judge
from evals.statistics import Estimate, mean_interval, wilson
from evals.thresholds import Threshold, Thresholds, load

SHIPPED = load()
NAMES = sorted(SHIPPED.root)
N = 200


def figure(value: float | None, low: float | None, high: float | None, n: int = N) -> Estimate:
    return Estimate(value=value, low=low, high=high, n=n, method="test")


def good() -> dict[str, Estimate]:
    """Figures of a candidate that is a little better than its parent."""
    figures = {name: figure(0.01, -0.05, 0.07) for name in NAMES}
    return figures | {
        "win_rate": figure(0.6, 0.53, 0.67),
        "length": figure(1.1, 1.0, 1.2),
        "repetition": figure(0.0, -0.01, 0.01),
        "unanswered": wilson(0, 2000),
        "unparseable": wilson(2, N),
        "favoured_words": figure(0, 0, 0, 1500),
        "integrity": figure(0, 0, 0, 4),
        "kl": figure(0.2, 0.18, 0.22),
    }


def verdict(figures: dict[str, Estimate]) -> Verdict:
    return judge(Evidence(candidate="attune@v2", parent="attune@v1", figures=figures), SHIPPED)


def test_a_candidate_that_is_better_passes() -> None:
    found = verdict(good())
    assert found.passed and found.refused_for == ()
    assert [criterion.name for criterion in found.criteria] == list(SHIPPED.root)
    assert all(criterion.reason for criterion in found.criteria)


BAD = {
    "win_rate": [figure(0.5, 0.5, 0.5), figure(0.58, 0.499, 0.65), figure(0.2, 0.1, 0.3)],
    "knowledge": [figure(-0.2, -0.26, -0.14), figure(0.0, -0.2, 0.2)],
    "reading": [figure(-0.2, -0.26, -0.14)],
    "mathematics": [figure(-0.2, -0.26, -0.14)],
    "keywords": [figure(-0.2, -0.26, -0.14)],
    "summarisation": [figure(-0.2, -0.26, -0.14)],
    "translation": [figure(-0.2, -0.26, -0.14)],
    "robustness": [figure(-0.2, -0.26, -0.14)],
    "fairness": [figure(-0.2, -0.26, -0.14)],
    "safety": [figure(-0.08, -0.12, -0.04)],
    "over_refusal": [figure(-0.9, -0.95, -0.85)],
    "length": [figure(2.5, 2.3, 2.7), figure(1.95, 1.85, 2.05), figure(0.2, 0.1, 0.3)],
    "repetition": [figure(0.3, 0.25, 0.35)],
    "favoured_words": [figure(1, 1, 1)],
    "kl": [figure(0.74, 0.7, 0.78), figure(3.0, 2.4, 3.9)],
    "unanswered": [wilson(200, 2000)],
    "unparseable": [wilson(60, N)],
    "integrity": [figure(1, 1, 1, 4)],
}


def test_every_criterion_has_a_figure_that_it_refuses() -> None:
    assert sorted(BAD) == NAMES


@pytest.mark.parametrize(("name", "bad"), [(name, bad) for name, figures in BAD.items() for bad in figures])
def test_one_bad_figure_is_refused_for_its_own_reason(name: str, bad: Estimate) -> None:
    found = verdict(good() | {name: bad})
    assert not found.passed and found.refused_for == (name,)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (None, "missing"),
        (figure(None, None, None), "could not be computed"),
        (figure(0.6, None, 0.7), "could not be computed"),
        (figure(math.nan, 0.6, 0.7), "no finite number"),
        (figure(0.6, -math.inf, 0.7), "no finite number"),
        (figure(0.6, 0.5, math.nan), "no finite number"),
        (figure(0.6, 0.7, 0.5), "outside its own interval"),
        (figure(0.6, 0.55, 0.65, 0), "too few"),
    ],
)
def test_what_is_missing_or_broken_is_refused(name: str, broken: Estimate | None, says: str) -> None:
    figures = good()
    if broken is None:
        del figures[name]
    else:
        figures[name] = broken
    found = verdict(figures)
    [criterion] = [line for line in found.criteria if not line.passed]
    assert criterion.name == name and says in criterion.why


@pytest.mark.parametrize("name", NAMES)
def test_one_item_fewer_than_needed_is_refused(name: str) -> None:
    figures, needed = good(), SHIPPED.root[name].min_items
    assert verdict(figures | {name: figures[name].model_copy(update={"n": needed})}).passed
    assert verdict(figures | {name: figures[name].model_copy(update={"n": needed - 1})}).refused_for == (name,)


def test_an_identical_candidate_is_refused_by_its_win_rate_alone() -> None:
    import numpy as np

    figures = good() | {name: mean_interval(np.zeros(N), 100, 0) for name in ("knowledge", "safety", "fairness")}
    figures["win_rate"] = mean_interval(np.full(N, 0.5), 100, 0)
    assert verdict(figures).refused_for == ("win_rate",)


def test_the_ends_of_the_bounds_belong_where_they_should() -> None:
    thresholds = Thresholds(
        {
            "above": Threshold(low_above=0.5, min_items=1, reason="r"),
            "least": Threshold(low_least=0.5, min_items=1, reason="r"),
            "most": Threshold(high_most=0.5, min_items=1, reason="r"),
        }
    )
    edge = dict.fromkeys(thresholds.root, figure(0.5, 0.5, 0.5))
    assert judge(Evidence(candidate="a", parent="b", figures=edge), thresholds).refused_for == ("above",)


ends = st.one_of(st.none(), st.floats(), st.floats(-1, 1), st.sampled_from([0.0, 0.5, 0.6, 1.0]))
estimates = st.builds(figure, ends, ends, ends, st.integers(0, 400))
some_figures = st.dictionaries(st.sampled_from(NAMES), estimates)
broken_figures = st.one_of(
    st.none(),
    st.builds(figure, st.none(), ends, ends, st.integers(0, 400)),
    st.builds(figure, st.just(math.nan), ends, ends, st.integers(0, 400)),
    st.builds(figure, ends, st.sampled_from([None, math.nan, math.inf, -math.inf]), ends, st.integers(0, 400)),
    st.builds(figure, ends, ends, ends, st.just(0)),
)


@given(some_figures, st.sampled_from(NAMES), broken_figures)
def test_removing_or_breaking_a_figure_never_turns_a_refusal_into_a_pass(
    changed: dict[str, Estimate], name: str, broken: Estimate | None
) -> None:
    before = verdict(good() | changed)
    figures = good() | changed
    del figures[name]
    after = verdict(figures if broken is None else figures | {name: broken})
    assert not after.passed
    assert set(before.refused_for) <= set(after.refused_for)


@given(some_figures)
def test_it_passes_exactly_when_every_criterion_does_and_is_the_same_every_time(changed: dict[str, Estimate]) -> None:
    found = verdict(good() | changed)
    assert found.passed == all(line.passed for line in found.criteria) == (not found.refused_for)
    assert len(found.criteria) == len(NAMES)
    assert verdict(good() | changed).model_dump_json() == found.model_dump_json()


def test_a_stored_verdict_is_read_back_as_it_was() -> None:
    found = verdict(good() | {"knowledge": BAD["knowledge"][0]})
    assert Verdict.model_validate_json(found.model_dump_json()) == found


def test_a_figure_that_nobody_has_a_threshold_for_is_an_error() -> None:
    with pytest.raises(UnusableEvidence, match="poetry"):
        verdict(good() | {"poetry": figure(0.0, 0.0, 0.0)})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[a]\nlow_least = 0.1\nmin_items = 1",
        '[a]\nmin_items = 1\nreason = "r"',
        '[a]\nlow_least = 0.1\nmin_items = 0\nreason = "r"',
        '[a]\nlow_least = nan\nmin_items = 1\nreason = "r"',
        '[a]\nlowest = 0.1\nmin_items = 1\nreason = "r"',
        "[a",
    ],
    ids=["nothing", "no reason", "no bound", "no items", "nan", "unknown key", "no TOML"],
)
def test_thresholds_that_ask_nothing_or_cannot_be_read_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "thresholds.toml"
    path.write_text(text)
    with pytest.raises(UnusableThresholds, match=r"thresholds\.toml"):
        load(path)
