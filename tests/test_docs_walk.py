"""Whoever reads the README finds the code that does something within three hops."""

import re

import pytest

from tests.docs_walk import BEHAVIOURS, ROOT, Behaviour, distances

HOPS = 3


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.what)
def test_a_behaviour_is_found_within_three_hops(behaviour: Behaviour) -> None:
    file = ROOT / behaviour.file
    assert re.search(rf"^(export )?(async )?(def|class|function) {behaviour.name}\b", file.read_text(), re.MULTILINE)
    assert distances().get(file, 99) <= HOPS, f"no page that is linked from README.md leads to {behaviour.file}"


def test_there_are_ten_of_them_and_a_file_that_no_page_names_is_not_found() -> None:
    assert len({behaviour.file for behaviour in BEHAVIOURS}) == 10
    assert ROOT / "tests" / "docs_walk.py" not in distances()
