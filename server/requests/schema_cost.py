"""How long an engine works at a JSON schema before it can answer, reckoned without compiling it.

Our engines compile with llguidance (docs/decisions/0018). Its time is a sum over the parts of a schema, and
`benchmarks/schema_cost.py` measures it: the prices below were fitted to that, on one core of a small machine and with a
vocabulary of 49,152 tokens. The slowest schema that they let through took 1.12 s. They are for parsing in vLLM's API
process, compiling in its engine core, and the slowest mask of one token, together.
"""

from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from decimal import Decimal
from math import prod
from typing import Any

_IN_PLACE = ("anyOf", "oneOf", "allOf")
_RANGE = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
_LONGEST_CHAIN = 64


@dataclass(frozen=True, slots=True)
class SchemaCost:
    """Seconds of one core, by what in a schema causes them.

    Attributes:
        parts: Of all values in it: properties, entries of enums, keywords.
        text: Of the characters in its strings and names.
        patterns: Of its regular expressions.
        ranges: Of numbers with bounds.
        counts: Of minItems and maxItems.
        multiples: Of multipleOf.
        names: Of the properties of one object, each beside each other.
        name_patterns: Of the patterns of properties, which llguidance compares with each other.
        combinations: Of alternatives that allOf multiplies.
    """

    parts: float = 0.0
    text: float = 0.0
    patterns: float = 0.0
    ranges: float = 0.0
    counts: float = 0.0
    multiples: float = 0.0
    names: float = 0.0
    name_patterns: float = 0.0
    combinations: float = 0.0

    @property
    def seconds(self) -> float:
        """All together."""
        return float(sum(astuple(self)))

    @property
    def dearest(self) -> str:
        """The name of the largest term."""
        return max((field.name for field in fields(self)), key=lambda name: float(getattr(self, name)))

    def __add__(self, other: "SchemaCost") -> "SchemaCost":
        """Adds term by term."""
        return SchemaCost(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))


PRICES = SchemaCost(
    parts=1e-4,
    text=2e-6,
    patterns=9e-5,
    ranges=1e-3,
    counts=1.8e-5,
    multiples=1.2e-5,
    names=1.5e-7,
    name_patterns=4e-5,
    combinations=1.6e-3,
)
"""Seconds for one value, one character, one character of a pattern, one range, one item, one of a multiple's states,
one pair of names and of their patterns, and one combination."""
_SHORTEST_PATTERN = 12


def schema_cost(schema: dict[str, Any]) -> SchemaCost:
    """Adds up what a schema costs.

    Raises:
        ValueError: References lead in a circle, or follow each other too far.
    """
    total = dict.fromkeys((field.name for field in fields(SchemaCost)), 0.0)
    shapes = _Shapes(schema)
    for value in _values(schema):
        total["parts"] += 1
        if isinstance(value, str):
            total["text"] += len(value)
        elif isinstance(value, dict):
            total["text"] += sum(map(len, value))
            for name, amount in _keywords(value, shapes):
                total[name] += amount
    return SchemaCost(**{name: amount * getattr(PRICES, name) for name, amount in total.items()})


def _values(schema: dict[str, Any]) -> Iterator[Any]:
    """All values in a schema, itself among them; level by level, as recursion would be at the mercy of the client."""
    level: list[Any] = [schema]
    while level:
        yield from level
        level = [
            below
            for value in level
            if isinstance(value, dict | list)
            for below in (value.values() if isinstance(value, dict) else value)
        ]


def _keywords(node: dict[str, Any], shapes: "_Shapes") -> Iterator[tuple[str, float]]:
    """The amounts of one object by term. It may also be the map of properties, which only makes this stricter."""
    yield "counts", max(_number(node.get(name)) for name in ("minItems", "maxItems"))
    if not _RANGE.isdisjoint(node):
        yield "ranges", 1
    if isinstance(pattern := node.get("pattern"), str):
        yield "patterns", max(len(pattern), _SHORTEST_PATTERN)
    if isinstance(patterns := node.get("patternProperties"), dict):
        yield "patterns", sum(max(len(pattern), _SHORTEST_PATTERN) for pattern in patterns)
        yield "name_patterns", len(patterns) ** 2
    if isinstance(node.get("format"), str):
        yield "patterns", _SHORTEST_PATTERN
    if isinstance(properties := node.get("properties"), dict):
        yield "names", len(properties) ** 2
    if _number(node.get("multipleOf")):
        digits = Decimal(str(node["multipleOf"])).normalize().as_tuple().digits
        yield "multiples", float("".join(map(str, digits)))
    if isinstance(node.get("allOf"), list):
        yield "combinations", shapes.of(node)
    elif isinstance(node.get("$ref"), str):
        shapes.of(node)  # refuses circles


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and value > 0 else 0.0


class _Shapes:
    """How many shapes a value may have: allOf multiplies those of its members, anyOf and oneOf add them."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema
        self._known: dict[int, float] = {}
        self._chain: set[int] = set()

    def of(self, node: Any) -> float:
        """Of one schema, at most a billion.

        Raises:
            ValueError: References lead in a circle, or follow each other too far.
        """
        if not isinstance(node, dict):
            return 1
        if (known := self._known.get(id(node))) is not None:
            return known
        if id(node) in self._chain or len(self._chain) >= _LONGEST_CHAIN:
            raise ValueError(
                f"in the JSON schema a reference leads back to itself, or more than {_LONGEST_CHAIN} follow each other"
            )
        self._chain.add(id(node))
        product = self.of(_resolved(reference, self._schema)) if isinstance(reference := node.get("$ref"), str) else 1.0
        for keyword in _IN_PLACE:
            if isinstance(members := node.get(keyword), list) and members:
                found = [self.of(member) for member in members]
                product *= prod(found) if keyword == "allOf" else sum(found)
        self._chain.remove(id(node))
        self._known[id(node)] = min(product, 1e9)
        return self._known[id(node)]


def _resolved(reference: str, schema: dict[str, Any]) -> Any:
    """What a JSON pointer (RFC 6901) leads to; None where that is nothing, which the engine says by itself."""
    value: Any = schema
    for part in reference.removeprefix("#").split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        value = value.get(name) if isinstance(value, dict) else None
    return value
