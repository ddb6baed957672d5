"""How deeply JSON nests: what reads it by recursion would be at the mercy of the client."""

from typing import Any


def deeper_than(limit: int, value: Any) -> bool:
    """Return whether a JSON value nests deeper than `limit` levels; it is walked level by level."""
    level = [value]
    for _ in range(limit):
        below: list[Any] = []
        for node in level:
            items = node.values() if isinstance(node, dict) else node
            below.extend(item for item in items if isinstance(item, dict | list))
        if not below:
            return False
        level = below
    return True
