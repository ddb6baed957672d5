"""The always-valid test: its guarantee is checked exactly, by going through every outcome of a block."""

from math import comb, exp, log

import numpy as np
import pytest

from benchmarks.canary_simulation import Scenario, simulate, stacked
from server.canary.blocks import Blocks, cut
from server.canary.e_process import BETTER, WORSE, confidence_sequence, log_e_process, nearest

N_CANARY, N_LIVE = 4, 9


def counts(*rows: tuple[int, int, int, int]) -> Blocks:
    """Blocks of (n_canary, k_canary, n_live, k_live)."""
    return Blocks(*(np.array([row[i] for row in rows], np.int64) for i in range(4)))


def chance(k: int, n: int, rate: float) -> float:
    return comb(n, k) * rate**k * (1 - rate) ** (n - k)


def divergence(given: float, rate: float) -> float:
    return given * log(given / rate) + (1 - given) * log((1 - given) / (1 - rate))


@pytest.mark.parametrize("difference", [-0.3, -0.05, 0.0, 0.05, 0.3])
@pytest.mark.parametrize(("live", "canary"), [(0.5, 0.5), (0.7, 0.6), (0.98, 0.9), (0.03, 0.2)])
def test_the_nearest_pair_is_the_one_that_a_search_finds(live: float, canary: float, difference: float) -> None:
    found_live, found_canary = nearest(
        np.array([live]), np.array([canary]), np.array([9]), np.array([4]), np.array(difference)
    )
    assert found_canary[0] - found_live[0] == pytest.approx(difference)
    inside = [rate for rate in np.arange(0.0005, 1, 0.0005) if 0 < rate + difference < 1]
    searched = min(inside, key=lambda rate: 9 * divergence(live, rate) + 4 * divergence(canary, rate + difference))
    assert found_live[0] == pytest.approx(searched, abs=0.0005)


def test_the_evidence_of_one_block_as_worked_by_hand() -> None:
    # Nothing is known before the first block: live 0.5, canary 0.5 less the effect, the null half-way between. For four
    # of four up against none of four, S is (0.52/0.51 · 0.5/0.49)^4 = 1.1717 for the effect 0.02, then 1.4788 (0.05),
    # 2.1586 (0.1) and (0.7/0.6 · 0.5/0.4)^4 = 4.5230 (0.2): 2.3331 in the mean.
    [evidence] = np.exp(log_e_process(counts((4, 0, 4, 4)), 0.0, WORSE))
    assert evidence == pytest.approx(2.3331, abs=2e-4)
    [mirrored] = np.exp(log_e_process(counts((4, 4, 4, 0)), 0.0, BETTER))
    assert mirrored == pytest.approx(2.3331, abs=2e-4)


@pytest.mark.parametrize(("null", "side"), [(0.0, WORSE), (-0.05, BETTER), (0.01, BETTER), (0.1, BETTER)])
@pytest.mark.parametrize("earlier", [(40, 20, 90, 60), (40, 39, 90, 90), (40, 0, 90, 0), (4, 1, 9, 8)])
def test_no_rates_of_the_null_let_the_expected_evidence_grow(
    null: float, side: int, earlier: tuple[int, int, int, int]
) -> None:
    outcomes = [(k_canary, k_live) for k_canary in range(N_CANARY + 1) for k_live in range(N_LIVE + 1)]
    blocks = stacked([counts(earlier, (N_CANARY, canary, N_LIVE, live)) for canary, live in outcomes])
    evidence = np.exp(log_e_process(blocks, null, side))
    before = evidence[0, 0]
    rates = np.linspace(0, 1, 21)
    tested = 0
    for live in rates:
        for canary in rates:
            if side * (canary - live - null) > 1e-9:
                continue
            weights = [chance(k, N_CANARY, canary) * chance(m, N_LIVE, live) for k, m in outcomes]
            assert np.dot(weights, evidence[:, 1]) <= before * (1 + 1e-7)
            tested += 1
    assert tested > 150
    far = max(-1.0, min(1.0, null + side * 0.5))  # the check has teeth: beyond the null, evidence does grow
    live = 0.5 - far / 2
    weights = [chance(k, N_CANARY, live + far) * chance(m, N_LIVE, live) for k, m in outcomes]
    if 0 < earlier[1] < 39:
        assert np.dot(weights, evidence[:, 1]) > before


def test_blocks_of_zeros_change_nothing() -> None:
    some = counts((4, 1, 9, 8), (5, 2, 4, 4))
    padded = counts((4, 1, 9, 8), (5, 2, 4, 4), (0, 0, 0, 0), (0, 0, 0, 0))
    for null, side in ((0.0, WORSE), (-0.05, BETTER)):
        plain, long = log_e_process(some, null, side), log_e_process(padded, null, side)
        assert long == pytest.approx([*plain, plain[-1], plain[-1]])


def test_two_versions_that_are_alike_are_told_apart_less_often_than_allowed() -> None:
    found = simulate(Scenario(live=0.7, drop=0.0, share=0.5, raters=2_000), 400, np.random.default_rng(1))
    assert found["rolled_back"] <= 19  # 2.5 % of 400, and three standard deviations
    assert found["z_peeked_by_day"][-1] > 3 * found["rolled_back"]  # a z-test that is looked at daily is not so good


def test_a_worse_canary_is_noticed() -> None:
    found = simulate(Scenario(live=0.7, drop=0.1, share=0.5, raters=3_000), 100, np.random.default_rng(2))
    assert found["rolled_back"] >= 90
    assert found["promoted_if_alone"] <= 5


def test_the_bounds_hold_the_truth_and_close_in() -> None:
    random = np.random.default_rng(3)
    wrong, widths = 0, []
    for _ in range(10):
        canary = random.random(3_000) < 0.5
        event = random.random(3_000) < np.where(canary, 0.6, 0.7)
        low, high = confidence_sequence(cut(canary, event), 0.05)
        early_low, early_high = confidence_sequence(cut(canary[:300], event[:300]), 0.05)
        wrong += not low <= -0.1 <= high
        widths.append((early_high - early_low, high - low))
    assert wrong <= 3  # 10 times 5 %, and three standard deviations
    assert all(late < 0.2 and late < early for early, late in widths)


def test_without_votes_any_difference_is_possible() -> None:
    empty = np.array([], bool)
    assert confidence_sequence(cut(empty, empty), 0.05) == (-1.0, 1.0)


def test_the_evidence_is_a_number_at_the_edges() -> None:
    for rows in ([(4, 4, 4, 4)] * 300, [(4, 0, 4, 0)] * 300, [(4, 0, 400, 400)] * 300):
        for null, side in ((0.0, WORSE), (-0.05, BETTER), (0.05, BETTER)):
            evidence = log_e_process(counts(*rows), null, side)
            assert np.isfinite(evidence).all()
    assert exp(log_e_process(counts(*[(4, 4, 4, 4)] * 300), 0.0, WORSE)[-1]) < 1.5
