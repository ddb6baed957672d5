"""Where a sequence of votes is cut."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from server.canary.blocks import VOTES_PER_ARM, cut

VOTES = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=80)


def flags(letters: str, chosen: str) -> np.ndarray:
    return np.array([letter in chosen for letter in letters], bool)


def test_a_block_ends_with_the_fourth_vote_of_the_rarer_arm() -> None:
    votes = "LLLcLLcLLcCLLL" + "cCcLLlLcL" + "CCC"  # c and C of the canary, a capital is a thumb up
    blocks = cut(flags(votes, "cC"), votes_up := flags(votes, "LC"))
    # The fourth canary's vote is the 11th; then 3 live, 3 canary, and the fourth canary's only after 3 more live.
    assert blocks.n_canary.tolist() == [4, 4]
    assert blocks.n_live.tolist() == [7, 7]
    assert blocks.k_canary.tolist() == [1, 1]
    assert blocks.k_live.tolist() == [7, 6]
    assert votes_up[:22].sum() == 15


def test_no_votes_make_no_blocks() -> None:
    empty = np.array([], bool)
    assert cut(empty, empty).n_live.tolist() == []
    alone = np.ones(50, bool)
    assert cut(alone, alone).n_live.tolist() == []


@given(VOTES)
def test_every_block_holds_enough_of_each_arm_and_no_vote_is_counted_twice(votes: list[tuple[bool, bool]]) -> None:
    canary, event = (np.array([vote[i] for vote in votes], bool) for i in (0, 1))
    blocks = cut(canary, event)
    assert (blocks.n_canary >= VOTES_PER_ARM).all() and (blocks.n_live >= VOTES_PER_ARM).all()
    used = int((blocks.n_canary + blocks.n_live).sum())
    assert blocks.n_canary.sum() == canary[:used].sum()
    assert blocks.k_canary.sum() == (canary & event)[:used].sum()
    assert blocks.k_live.sum() == (~canary & event)[:used].sum()
    rest = canary[used:]
    assert min(rest.sum(), (~rest).sum()) < VOTES_PER_ARM


@given(VOTES)
def test_where_it_is_cut_does_not_depend_on_what_people_voted(votes: list[tuple[bool, bool]]) -> None:
    canary = np.array([vote[0] for vote in votes], bool)
    event = np.array([vote[1] for vote in votes], bool)
    assert cut(canary, event).n_live.tolist() == cut(canary, ~event).n_live.tolist()
