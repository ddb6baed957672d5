"""Which algorithm is chosen for which feedback, and what is said when it is not enough."""

from typing import Any

import pytest

from alignment.choice import choose, teaches_a_judge
from alignment.errors import UnusableFeedback
from alignment.snapshot.config import MinimumConfig
from alignment.snapshot.stage import PartCounts
from ledger.erase import COUNTS_ONLY

MINIMUM = MinimumConfig()
HELD_OUT = PartCounts(
    thumbs_up=5, thumbs_down=5, comparisons=5, corrections=0, prompts=10, raters=3, unnamed=0, new_raters=0
)


def counts(up: int = 0, down: int = 0, comparisons: int = 0, corrections: int = 0, raters: int = 5) -> PartCounts:
    return HELD_OUT.model_copy(
        update={
            "thumbs_up": up,
            "thumbs_down": down,
            "comparisons": comparisons,
            "corrections": corrections,
            "prompts": 50,
            "raters": raters,
        }
    )


@pytest.mark.parametrize(
    ("train", "algorithm"),
    [
        (counts(up=300, down=100), "ppo"),
        (counts(comparisons=300), "ppo"),
        (counts(up=50, down=50, comparisons=64), "dpo"),
        (counts(up=150, down=50, comparisons=64), "kto"),
        (counts(up=50, down=50), "kto"),
        (counts(up=390, down=15, corrections=32, comparisons=32), "sft"),
    ],
)
def test_auto_takes_the_most_that_the_feedback_carries(train: PartCounts, algorithm: str) -> None:
    chosen = choose("auto", train, HELD_OUT, MINIMUM)
    assert chosen.algorithm == algorithm
    assert chosen.reason.startswith(algorithm)


def test_thumbs_of_one_kind_only_are_refused_with_what_is_missing() -> None:
    with pytest.raises(UnusableFeedback, match=r"16 more thumbs down \(0 of 16\); without both"):
        choose("auto", counts(up=1000), HELD_OUT, MINIMUM)
    with pytest.raises(UnusableFeedback, match="thumbs down"):
        choose("kto", counts(up=1000), HELD_OUT, MINIMUM)


def test_all_that_is_missing_is_named_for_every_way_to_learn() -> None:
    with pytest.raises(UnusableFeedback) as refused:
        choose("auto", counts(up=10, down=3, comparisons=1, corrections=1), HELD_OUT, MINIMUM)
    message = str(refused.value)
    for part in (
        "for kto 6 more thumbs up (10 of 16) and 13 more thumbs down (3 of 16) and 51 more thumbs in all (13 of 64)",
        "for dpo 63 more comparisons (1 of 64)",
        "for sft 31 more corrections (1 of 32)",
        "5 thumbs up, 5 down and 5 comparisons on 10 prompts are held out. The split is by prompt, by what a "
        "conversation began with, and not by vote",
    ):
        assert part in message
    with pytest.raises(UnusableFeedback, match=r"13 of 64\) or 63 more comparisons .*The split is by prompt"):
        choose("ppo", counts(up=10, down=3, comparisons=1), HELD_OUT, MINIMUM)


def test_too_little_for_what_is_asked_names_the_number() -> None:
    with pytest.raises(UnusableFeedback, match=r"54 more comparisons \(10 of 64\)"):
        choose("dpo", counts(comparisons=10), HELD_OUT, MINIMUM)


def test_one_rater_is_refused_unless_the_configuration_says_otherwise() -> None:
    alone = counts(up=300, down=100, raters=1)
    with pytest.raises(UnusableFeedback, match="1 rater"):
        choose("auto", alone, HELD_OUT, MINIMUM)
    assert choose("auto", alone, HELD_OUT, MinimumConfig(raters=1)).algorithm == "ppo"


def test_nothing_held_out_is_refused() -> None:
    nothing = HELD_OUT.model_copy(update={"prompts": 0})
    with pytest.raises(UnusableFeedback, match="held-out"):
        choose("auto", counts(up=300, down=100), nothing, MINIMUM)


@pytest.mark.parametrize(
    ("asked", "train"),
    [
        ("auto", counts(up=3)),
        ("dpo", counts(comparisons=1)),
        ("auto", counts()),
        ("auto", counts(up=3, raters=1)),
        ("auto", counts(up=3, raters=2)),
    ],
)
def test_refusals_begin_as_erasing_knows_them_so_that_they_are_kept(asked: Any, train: PartCounts) -> None:
    with pytest.raises(UnusableFeedback) as refused:
        choose(asked, train, HELD_OUT, MinimumConfig(raters=3))
    assert str(refused.value).startswith(COUNTS_ONLY)


def test_no_feedback_at_all_says_how_to_get_some() -> None:
    with pytest.raises(UnusableFeedback, match="/v1/feedback"):
        choose("auto", counts(), HELD_OUT, MINIMUM)


@pytest.mark.parametrize(
    ("train", "teaches"),
    [
        (counts(up=1, down=1), True),
        (counts(comparisons=1), True),
        (counts(up=500), False),
        (counts(down=500), False),
        (counts(), False),
    ],
)
def test_a_judge_is_taught_where_something_is_better_than_something_else(train: PartCounts, teaches: bool) -> None:
    assert teaches_a_judge(train) == teaches
