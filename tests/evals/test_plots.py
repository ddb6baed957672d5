"""The pictures of a report hold everything that they say they do."""

import pytest

from evals import plots


@pytest.mark.parametrize("most", [0, 1, 29, 30, 59, 60, 91, 92, 119, 1000])
def test_the_longest_answer_has_a_bar(most: int) -> None:
    edges = plots._edges(most)
    assert edges[0] == 0 and edges[-1] >= most
    assert len(edges) <= 62


def test_lengths_are_drawn_even_where_all_answers_are_empty() -> None:
    assert plots.lengths([0, 0], [0, 0]).startswith(b"\x89PNG")
