"""Names of versions on the command line."""

import pytest

from attune.errors import WrongUsage
from attune.version_name import number_of


@pytest.mark.parametrize("name", ["7", "v7", "attune@v7", "007"])
def test_a_version_is_named_with_or_without_its_prefix(name: str) -> None:
    assert number_of(name) == 7


@pytest.mark.parametrize("name", ["", "v", "seven", "v-1", "v1.5", "\u0667", "attune@", str(2**63)])
def test_anything_else_is_refused_with_the_value(name: str) -> None:
    with pytest.raises(WrongUsage, match="is no version"):
        number_of(name)
