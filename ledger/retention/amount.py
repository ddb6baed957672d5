"""How much of a kind is pruned."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Amount:
    """Rows, or files, and the bytes of what stood in them."""

    count: int = 0
    bytes: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        """Both together."""
        return Amount(self.count + other.count, self.bytes + other.bytes)
