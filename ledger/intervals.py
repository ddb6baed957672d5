"""The interval that every share of votes or rows is shown with."""

from math import sqrt

Z95 = 1.959964


def wilson(hits: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % score interval (Wilson 1927) of the share `hits / n`; a tie may count as half a hit.

    Raises:
        ValueError: There are no rows, so there is no share.
    """
    if n < 1:
        raise ValueError(f"A share of {n} rows has no interval.")
    share, z2 = hits / n, Z95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)
