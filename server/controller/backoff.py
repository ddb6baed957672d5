"""How long to wait before something that died is started again."""

from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Doubles the wait with every failure, up to a limit, and forgets the failures of what then ran for a while.

    Attributes:
        first_s: The wait after a first failure, in seconds.
        limit_s: The longest wait, in seconds.
        stable_s: What ran for so long, in seconds, counts as healthy again.
        failures: In a row.
    """

    first_s: float = 1
    limit_s: float = 60
    stable_s: float = 60
    failures: int = 0

    def failed(self, ran_s: float) -> float:
        """Counts a failure of something that ran for `ran_s` seconds, and returns how many seconds to wait."""
        self.failures = 1 if ran_s >= self.stable_s else self.failures + 1
        return min(self.limit_s, self.first_s * 2.0 ** (self.failures - 1))
