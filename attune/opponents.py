"""The two versions of a comparison, and what they grew from."""

from dataclasses import dataclass

from attune.errors import WrongUsage
from ledger import versions
from ledger.database import Database
from ledger.records import ModelVersion


@dataclass(frozen=True, slots=True)
class Opponents:
    """Who is compared.

    Attributes:
        candidate: The version that is judged.
        parent: The version that it must be better than.
        base: What the candidate grew from, for an engine of their own.
        one_base: Whether the parent grew from it too.
    """

    candidate: ModelVersion
    parent: ModelVersion
    base: ModelVersion
    one_base: bool

    @property
    def both(self) -> tuple[ModelVersion, ModelVersion]:
        """The candidate, and the parent."""
        return self.candidate, self.parent


def opponents(database: Database, candidate: int, parent: int) -> Opponents:
    """Finds two versions by their numbers.

    Raises:
        WrongUsage: They are one.
        NotFound: There is no such version.
    """
    with database.read() as connection:
        ours, theirs = versions.get(connection, candidate), versions.get(connection, parent)
        base, other_base = (versions.base_of(connection, one.number) for one in (ours, theirs))
        found = Opponents(ours, theirs, versions.get(connection, base), base == other_base)
    if candidate == parent:
        raise WrongUsage("Give two different versions.")
    return found
