"""How much goes through a model at once: what the memory limit leaves for a batch."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BatchBounds:
    """Bounds of one stage on one process. A batch over them is computed in parts that together give its gradients.

    Attributes:
        trained_tokens: Tokens of a forward pass whose activations are kept for the gradient; None for no bound.
        scored_tokens: Tokens of a forward pass without gradient.
        longest: Tokens of the longest row; a part holds at least one row.
        checkpointing: Whether the blocks' activations are computed again in the backward pass, as on a GPU.
    """

    trained_tokens: int | None = None
    scored_tokens: int = 8192
    longest: int = 1
    checkpointing: bool = False

    def rows(self, most: int, sequences: int = 1) -> int:
        """Rows of `sequences` of the longest length that fit into one part: at least one, `most` without a bound."""
        if self.trained_tokens is None:
            return most
        return max(1, min(most, self.trained_tokens // (sequences * self.longest)))

    def scored_rows(self, most: int, sequences: int = 1) -> int:
        """The same for a forward pass without gradient."""
        return max(1, min(most, self.scored_tokens // (sequences * self.longest)))


UNBOUNDED = BatchBounds()
