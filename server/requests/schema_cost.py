"""How long an engine works at a JSON schema before it can answer, reckoned without compiling it.

Our engines compile with llguidance (docs/decisions/0018). Its time is a sum over the parts of a schema, and
`benchmarks/schema_cost.py` measures it: the prices below were fitted to that, on one core of a small machine and with a
vocabulary of 49,152 tokens. The slowest schema that they let through took 1.12 s. They are for parsing in vLLM's API
process, compiling in its engine core, and the slowest mask of one token, together.
"""

from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from decimal import Decimal
from itertools import chain
from math import inf, lcm
from typing import Any

from server.requests.schema_shapes import Shapes

_RANGE = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
_MOST_STATES = 10**9
_LONGEST_MULTIPLE_BITS = 4096
_COSTLY_ZEROS = 3


@dataclass(frozen=True, slots=True)
class SchemaCost:
    """Seconds of one core, by what in a schema causes them.

    Attributes:
        parts: Of all values in it: properties, entries of enums, keywords.
        text: Of the characters in its strings and names.
        patterns: Of its regular expressions.
        ranges: Of numbers with bounds.
        counts: Of minItems and maxItems.
        multiples: Of all multipleOf: llguidance takes the least common multiple of those that meet in one number.
        names: Of the properties of one object, each beside each other.
        name_patterns: Of the patterns of properties, which llguidance compares with each other.
        joint_patterns: Of regular expressions that one text must fit together.
        combinations: Of intersections, whose alternatives multiply (`schema_shapes`).
    """

    parts: float = 0.0
    text: float = 0.0
    patterns: float = 0.0
    ranges: float = 0.0
    counts: float = 0.0
    multiples: float = 0.0
    names: float = 0.0
    name_patterns: float = 0.0
    joint_patterns: float = 0.0
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
    joint_patterns=2e-6,
    combinations=1e-4,
)
"""Seconds for one value, one character, one character of a pattern, one range, one item, one of a multiple's states,
one pair of names and of their patterns, the cube of patterns for one text, and one part of an intersection."""
_SHORTEST_PATTERN = 12


def schema_cost(schema: dict[str, Any], enough_s: float = inf) -> SchemaCost:
    """Adds up what a schema costs.

    Args:
        schema: A JSON schema.
        enough_s: Seconds from which on it does not matter how much more it is.

    Raises:
        ValueError: References lead in a circle, or follow each other too far.
    """
    total = dict.fromkeys((field.name for field in fields(SchemaCost)), 0.0)
    shapes = Shapes(schema)
    steps: set[Decimal] = set()
    total["parts"] = _count(schema, enough_s / PRICES.parts)
    if total["parts"] * PRICES.parts > enough_s:  # to look at them would keep everybody waiting
        return SchemaCost(parts=total["parts"] * PRICES.parts)
    for value in _values(schema):
        if isinstance(value, str):
            total["text"] += len(value)
        elif isinstance(value, dict):
            total["text"] += sum(map(len, value))
            if _number(value.get("multipleOf")):
                steps.add(Decimal(str(value["multipleOf"])).normalize())
            for name, amount in _keywords(value, shapes):
                total[name] += amount
    total["multiples"] = _states(steps)
    return SchemaCost(**{name: amount * getattr(PRICES, name) for name, amount in total.items()})


def _count(schema: dict[str, Any], enough: float) -> int:
    """How many values are in a schema; the rest is not counted once it is more than enough."""
    count = 0
    for level in _levels(schema):
        count += len(level)
        if count > enough:
            break
    return count


def _values(schema: dict[str, Any]) -> Iterator[Any]:
    return chain.from_iterable(_levels(schema))


def _levels(schema: dict[str, Any]) -> Iterator[list[Any]]:
    """All values in a schema, itself among them; level by level, as recursion would be at the mercy of the client."""
    level: list[Any] = [schema]
    while level:
        yield level
        level = [
            below
            for value in level
            if isinstance(value, dict | list)
            for below in (value.values() if isinstance(value, dict) else value)
        ]


def _keywords(node: dict[str, Any], shapes: Shapes) -> Iterator[tuple[str, float]]:
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
    size = shapes.combined(node)
    yield "combinations", size.parts
    yield "joint_patterns", float(min(size.patterns, _MOST_STATES)) ** 3


def _number(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and value > 0 else 0.0


def _states(steps: set[Decimal]) -> float:
    """How many remainders llguidance tells apart, at most.

    Which numbers meet is not looked at: of allOf, of references, below the properties that two objects share, and of
    alternatives, whose automatons run side by side. So all are taken for one. Among their least common multiples there
    are no more different ones than that of all times the number of steps accounts for.
    """
    if not steps:
        return 0.0
    least = min(int(step.as_tuple().exponent) for step in steps)
    joint = 1
    for step in steps:
        joint = lcm(joint, int(step.scaleb(-least)))
        if joint.bit_length() > _LONGEST_MULTIPLE_BITS:
            return float(_MOST_STATES)
    digits = str(joint)
    zeros = len(digits) - len(digits.rstrip("0"))
    # Of a number that ends in zeros fewer remainders are told apart: 42,230 took as long as 17,000, 30,000 as 10.
    found = joint // 10**zeros * 5 ** min(zeros, _COSTLY_ZEROS)
    return float(min(found * len(steps), _MOST_STATES))
