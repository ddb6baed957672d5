"""JSON schemas that a client sends for structured answers and tools, bounded so that compiling them cannot stall."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from server.requests.schema_cost import SchemaCost, schema_cost

MOST_SECONDS = 1.0
"""What the schemas of one request may cost an engine, as `schema_cost` reckons."""
MOST_RECURSION = 1200
"""References to different places times levels of nesting. llguidance follows both by recursion, and 7,200 overflowed
its stack, which ends the process."""
LARGEST_COUNT = 100_000
LONGEST_TEXT = 8192
LONGEST_PATTERN = 4096

_COUNTS = ("minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains")
_LENGTHS = ("minLength", "maxLength")
_LONGEST_LENGTH = 2**31 - 1
_CURES = {
    "parts": "use fewer properties, alternatives or entries of enum",
    "text": "shorten names, descriptions, const and enum",
    "patterns": "use fewer or shorter patterns",
    "ranges": "bound fewer numbers with minimum and maximum",
    "counts": "lower minItems and maxItems",
    "multiples": "use rounder multipleOf, and ones that are multiples of each other",
    "names": "use fewer properties in one object",
    "name_patterns": "use fewer patternProperties",
    "joint_patterns": "use fewer patterns for the same text",
    "combinations": "use fewer or smaller alternatives where parts must hold together: in allOf, and in anyOf, "
    "oneOf or $ref with something beside it",
}


def check_json_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Returns the schema.

    Raises:
        ValueError: It costs too much, refers to another document or in a circle, or holds a number or text that is too
            large.
    """
    check_cost(schema_cost(schema, MOST_SECONDS))
    _check_recursion(schema)
    nodes: list[Any] = [schema]
    for node in nodes:  # grows while it is walked; the cost bounds how far
        if isinstance(node, dict):
            _check_keywords(node)
            if node is not schema and isinstance(node.get("$id"), str):
                raise ValueError(
                    "the JSON schema holds $id below its root, which moves what references lead to; leave it out"
                )
            _check_texts([*node, node.get("const")])
            nodes.extend(node.values())
        elif isinstance(node, list):
            _check_texts(node)
            nodes.extend(node)
    return schema


def check_cost(cost: SchemaCost, copies: int = 1) -> None:
    """Checks what the schemas of one request cost together.

    Args:
        cost: Of its schemas.
        copies: Answers asked for, each of which compiles them anew.

    Raises:
        ValueError: It is more than an engine should work before it answers.
    """
    if cost.seconds * copies <= MOST_SECONDS:
        return
    times = f" for each of {copies} answers" if copies > 1 else ""
    fewer = ", or ask for fewer answers at once" if copies > 1 else ""
    raise ValueError(
        f"compiling the JSON schema would take {cost.seconds:.2g} s or more{times}, and {MOST_SECONDS:g} s are allowed"
        f"; {_CURES[cost.dearest]}{fewer}"
    )


def _check_recursion(schema: dict[str, Any]) -> None:
    level: list[Any] = [schema]
    levels, targets = 0, set()
    while level:
        levels += 1
        below: list[Any] = []
        for node in level:
            if isinstance(node, dict):
                below.extend(node.values())
                if isinstance(reference := node.get("$ref"), str):
                    targets.add(reference)
            elif isinstance(node, list):
                below.extend(node)
        level = below
    if len(targets) * levels > MOST_RECURSION:
        raise ValueError(
            f"the JSON schema refers to {len(targets)} places and nests {levels} levels deep; the product may be "
            f"{MOST_RECURSION}: use fewer definitions, or flatter ones"
        )


def _check_keywords(node: dict[str, Any]) -> None:
    """Looks at one object. It may also be the list of an object's properties, which only makes this stricter."""
    for keywords, largest in ((_COUNTS, LARGEST_COUNT), (_LENGTHS, _LONGEST_LENGTH)):
        for keyword in keywords:
            count = node.get(keyword)
            if isinstance(count, int | float) and not 0 <= count <= largest:
                raise ValueError(f"the JSON schema's {keyword} of {count} is not between 0 and {largest}")
    if isinstance(node.get("minItems"), int) and node["minItems"] > 0 and not {"items", "prefixItems"} & node.keys():
        raise ValueError("the JSON schema demands items (minItems) without saying what they are (items)")
    if isinstance(reference := node.get("$ref"), str) and reference != "#" and not reference.startswith("#/"):
        raise ValueError(f"the JSON schema refers to {reference[:100]!r}; only references within it (#/…) work")
    if "x-guidance" in node:
        raise ValueError("the JSON schema holds x-guidance, which changes how the engine compiles; leave it out")
    patterns = node.get("patternProperties")
    for pattern in [node.get("pattern"), *(patterns if isinstance(patterns, dict) else ())]:
        if isinstance(pattern, str) and len(pattern) > LONGEST_PATTERN:
            raise ValueError(f"a pattern of {len(pattern)} characters is too long: {LONGEST_PATTERN} are allowed")


def _check_texts(texts: Iterable[Any]) -> None:
    """Bounds names and literals: the engine looks at all that is left of one for every token of the answer."""
    for text in texts:
        if isinstance(text, str) and len(text) > LONGEST_TEXT:
            raise ValueError(
                f"a text of {len(text)} characters in the JSON schema is too long: {LONGEST_TEXT} are allowed"
            )


JsonSchema = Annotated[dict[str, Any], AfterValidator(check_json_schema), Field(max_length=256)]
