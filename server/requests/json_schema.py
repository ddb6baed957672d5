"""JSON schemas that a client sends for structured answers and tools, bounded so that compiling them cannot stall.

A grammar grows with the numbers in its schema: `{"maxItems": 1000000000}` or a pattern `(a{1,999}){1,999}` is a few
bytes here and more memory than any machine has in the engine.
"""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field

LARGEST_COUNT = 1024
LONGEST_PATTERN = 256
MOST_NODES = 4096
DEEPEST = 16

_COUNTS = (
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "minProperties",
    "maxProperties",
    "minContains",
    "maxContains",
)
_REPEATED = re.compile(r"\{(\d+)?(,(\d+)?)?\}")


def check_json_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Returns the schema.

    Raises:
        ValueError: It is too large, refers to another document, or holds a number or pattern that is too expensive.
    """
    level: list[Any] = [schema]
    nodes = 0
    for _ in range(DEEPEST):
        nodes += len(level)
        if nodes > MOST_NODES:
            raise ValueError(f"the JSON schema has more than {MOST_NODES} parts")
        below: list[Any] = []
        for node in level:
            if isinstance(node, dict):
                _check_keywords(node)
                _check_reference(node, schema)
                below.extend(node.values())
            elif isinstance(node, list):
                below.extend(node)
        if not below:
            return schema
        level = below
    raise ValueError(f"the JSON schema is nested deeper than {DEEPEST} levels")


def _check_keywords(node: dict[str, Any]) -> None:
    """Looks at one object. It may also be the list of an object's properties, which only makes this stricter."""
    for keyword in _COUNTS:
        count = node.get(keyword)
        if isinstance(count, int | float) and not 0 <= count <= LARGEST_COUNT:
            raise ValueError(f"the JSON schema's {keyword} of {count} is not between 0 and {LARGEST_COUNT}")
    if isinstance(node.get("minItems"), int) and node["minItems"] > 0 and not {"items", "prefixItems"} & node.keys():
        raise ValueError("the JSON schema demands items (minItems) without saying what they are (items)")
    if isinstance(pattern := node.get("pattern"), str):
        _check_pattern(pattern)
    if isinstance(patterns := node.get("patternProperties"), dict):
        for pattern in patterns:
            _check_pattern(pattern)


def _check_reference(node: Any, schema: dict[str, Any]) -> None:
    """Follows a reference: one that leads out of the schema, or only back to itself, fails in the engine."""
    seen: set[str] = set()
    while isinstance(node, dict) and isinstance(reference := node.get("$ref"), str):
        if not reference.startswith("#"):
            raise ValueError(f"the JSON schema refers to {reference[:100]!r}; only references within it (#/…) work")
        if reference in seen:
            raise ValueError(f"the reference {reference[:100]!r} in the JSON schema leads back to itself")
        seen.add(reference)
        node = _resolved(reference, schema)


def _resolved(reference: str, schema: dict[str, Any]) -> Any:
    """What a JSON pointer (RFC 6901) leads to; None where that is nothing, which the engine says by itself."""
    value: Any = schema
    for part in reference.removeprefix("#").split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _check_pattern(pattern: str) -> None:
    """Bounds an expression's length and the product of its repetitions, which is how large it can grow."""
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"a pattern of {len(pattern)} characters is too long: {LONGEST_PATTERN} are allowed")
    product = 1
    for low, _, high in _REPEATED.findall(pattern):
        product *= max(1, int((high or low or "1")[:9]))
        if product > LARGEST_COUNT:
            raise ValueError(f"the repetitions in the pattern {pattern!r} multiply to more than {LARGEST_COUNT}")
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"the pattern {pattern!r} is no regular expression: {error}") from error


JsonSchema = Annotated[dict[str, Any], AfterValidator(check_json_schema), Field(max_length=256)]
