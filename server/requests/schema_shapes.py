"""What llguidance builds where parts of a JSON schema must hold together, for the schema's cost (`schema_cost`).

It builds the intersection of such parts: of the members of allOf, and of anyOf, oneOf, enum and a reference with what
stands beside them. That of alternatives is one of each pair, and each holds the properties of both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

_LONGEST_CHAIN = 64
_DEEPEST = 128
_MOST = 1e9
_IN_PLACE = frozenset({"allOf", "anyOf", "oneOf", "$ref"})
_SAYS_NOTHING = frozenset(
    {
        "$anchor",
        "$comment",
        "$defs",
        "$id",
        "$schema",
        "default",
        "definitions",
        "deprecated",
        "description",
        "examples",
    }
    | {"readOnly", "title", "type", "writeOnly"}
)
_BY_NAME = ("properties", "patternProperties")
_BELOW = ("items", "prefixItems", "additionalProperties", "additionalItems")


@dataclass(frozen=True, slots=True)
class Size:
    """How large a part becomes.

    Attributes:
        shapes: Alternatives.
        parts: Properties and values in all of them together.
        patterns: Regular expressions that one text must fit.
    """

    shapes: float = 1.0
    parts: float = 1.0
    patterns: int = 0

    def meeting(self, other: "Size") -> "Size":
        """Of an intersection: each shape of the one with each of the other."""
        parts = self.parts * other.shapes + other.parts * self.shapes
        return Size(min(self.shapes * other.shapes, _MOST), min(parts, _MOST), self.patterns + other.patterns)


class Shapes:
    """Reckons intersections within one schema."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema
        self._known: dict[tuple[int, bool], Size] = {}
        self._chain: set[int] = set()  # of what leads to each other in one place
        self._open: set[int] = set()

    def combined(self, node: dict[str, Any]) -> Size:
        """What llguidance builds for one object of the schema; of no parts where nothing meets.

        Raises:
            ValueError: References lead in a circle, or follow each other too far.
        """
        found = _IN_PLACE & node.keys()
        beside = node.keys() - found - _SAYS_NOTHING or _members(node, "type")
        meets = "allOf" in found or len(found) > 1 or bool(found and beside)
        size = self._size(node, deep=meets) if found else Size()
        return size if meets else Size(parts=0)

    def _size(self, node: Any, *, deep: bool) -> Size:
        """Of one schema; where `deep`, with what stands below properties and items."""
        if not isinstance(node, dict):
            return Size()
        if (known := self._known.get((id(node), deep))) is not None:
            return known
        if id(node) in self._chain or len(self._chain) >= _LONGEST_CHAIN:
            raise ValueError(
                f"in the JSON schema a reference leads back to itself, or more than {_LONGEST_CHAIN} follow each other"
            )
        if id(node) in self._open:  # below itself: llguidance keeps a reference to it
            return Size()
        self._chain.add(id(node))
        self._open.add(id(node))
        size = self._in_place(node, self._below(node) if deep else Size(), deep=deep)
        self._chain.remove(id(node))
        self._open.remove(id(node))
        self._known[id(node), deep] = size
        return size

    def _in_place(self, node: dict[str, Any], own: Size, *, deep: bool) -> Size:
        alone = _IN_PLACE & node.keys() and not node.keys() - _IN_PLACE - _SAYS_NOTHING
        size = Size(parts=0) if alone else own.meeting(Size(parts=0, patterns=_patterns(node)))
        if isinstance(reference := node.get("$ref"), str):
            size = size.meeting(self._size(resolved(reference, self._schema), deep=deep))
        for member in _members(node, "allOf"):
            size = size.meeting(self._size(member, deep=deep))
        for keyword in ("anyOf", "oneOf"):
            if members := [self._size(member, deep=deep) for member in _members(node, keyword) if not _null(member)]:
                size = size.meeting(_sum(members))
        for keyword in ("enum", "type"):  # a list of types is one alternative each
            if _IN_PLACE & node.keys() and (values := len(_members(node, keyword))):
                size = size.meeting(Size(values, values))
        return size

    def _below(self, node: dict[str, Any]) -> Size:
        """Of properties and items: shapes below a name multiply with those below it elsewhere, and add to others."""
        below = [self._child(child) for child in _children(node)]
        return Size(
            shapes=min(1 + sum(child.shapes - 1 for child in below), _MOST),
            parts=min(1 + sum(child.parts for child in below), _MOST),
            patterns=max((child.patterns for child in below), default=0),
        )

    def _child(self, child: Any) -> Size:
        """Of what stands below a name."""
        if len(self._open) >= _DEEPEST:
            return Size(_MOST, _MOST)
        outer, self._chain = self._chain, set()
        size = self._size(child, deep=True)
        self._chain = outer
        return size


def resolved(reference: str, schema: dict[str, Any]) -> Any:
    """What a JSON pointer in a URI's fragment leads to (RFC 6901, section 6); None where that is nothing.

    Args:
        reference: Such as `#/$defs/a%20b` or `#/prefixItems/0`.
        schema: The whole document.
    """
    root, *parts = unquote(reference.removeprefix("#")).split("/")
    value: Any = None if root else schema
    for part in parts:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isascii() and name.isdigit() and int(name[:9]) < len(value):
            value = value[int(name[:9])]
        else:
            return None
    return value


def _sum(alternatives: list[Size]) -> Size:
    return Size(
        shapes=sum(one.shapes for one in alternatives),
        parts=sum(one.parts for one in alternatives),
        patterns=max(one.patterns for one in alternatives),
    )


def _patterns(node: dict[str, Any]) -> int:
    return sum(isinstance(node.get(keyword), str) for keyword in ("pattern", "format"))


def _members(node: dict[str, Any], keyword: str) -> list[Any]:
    members = node.get(keyword)
    return members if isinstance(members, list) else []


def _children(node: dict[str, Any]) -> Iterator[Any]:
    for keyword in _BY_NAME:
        if isinstance(named := node.get(keyword), dict):
            yield from named.values()
    for keyword in _BELOW:
        below = node.get(keyword)
        yield from below if isinstance(below, list) else [below] if isinstance(below, dict) else []


def _null(member: Any) -> bool:
    """Whether it is the alternative of an optional value, which meets nothing but its like."""
    return isinstance(member, dict) and member.get("type") == "null"
