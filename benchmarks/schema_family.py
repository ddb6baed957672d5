"""JSON schemas for `benchmarks/schema_cost.py`: families that grow in one respect each, and ones from daily work."""

import random
import string
from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]
_random = random.Random(20)


def _words(count: int, length: int) -> list[str]:
    return ["".join(_random.choices(string.ascii_lowercase, k=length)) for _ in range(count)]


def record(properties: dict[str, Schema], **more: Any) -> Schema:
    """An object that has these properties and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    } | more


def _fields(count: int, field: Callable[[int], Schema]) -> Schema:
    return record({f"p{number}": field(number) for number in range(count)})


def _alternatives(members: int, of: int) -> Schema:
    """An allOf of so many members, each with so many alternatives."""
    return {
        "allOf": [
            {"anyOf": [{"type": "object", "properties": {word: {"type": "string"}}} for word in _words(of, 6)]}
            for _ in range(members)
        ]
    }


def _either(number: int, of: int) -> Schema:
    """So many alternatives, each an object with one property of its own."""
    return {"anyOf": [{"type": "object", "properties": {f"k{number}_{i}": {"type": "integer"}}} for i in range(of)]}


def _multiples(*steps: int) -> Schema:
    return {"allOf": [{"type": "integer", "multipleOf": step} for step in steps]}


FAMILIES: dict[str, Callable[[int], Schema]] = {
    "required properties": lambda n: _fields(n, lambda _: {"type": "string"}),
    "optional properties": lambda n: {"type": "object", "properties": {f"p{i}": {"type": "string"} for i in range(n)}},
    "properties of any kind": lambda n: _fields(n, lambda _: {}),
    "long names": lambda n: record({name: {"type": "string"} for name in _words(n, 200)}),
    "enum of short texts": lambda n: {"enum": _words(n, 12)},
    "enum of 220 characters": lambda n: {"enum": _words(n, 220)},
    "enum of objects": lambda n: {"enum": [{"a": [i, {"b": i}]} for i in range(n)]},
    "consts of 8,000 characters": lambda n: {"anyOf": [{"const": word} for word in _words(n, 8000)]},
    "patterns with {1,1000}": lambda n: _fields(
        n, lambda i: {"type": "string", "pattern": f"^[a-z]{{1,{1000 - i % 900}}}$"}
    ),
    "patterns of unicode classes": lambda n: _fields(
        n, lambda i: {"type": "string", "pattern": f"^[\\p{{L}}\\p{{N}}]{{1,{200 + i}}}$"}
    ),
    "long patterns without case": lambda n: _fields(
        n, lambda i: {"type": "string", "pattern": "(?i)[\\p{L}a-z]" * 17 + str(i)}
    ),
    "pattern properties": lambda n: {
        "type": "object",
        "patternProperties": {f"^k{i:05d}[a-z]{{1,50}}$": {"type": "string"} for i in range(n)},
    },
    "lengths": lambda n: _fields(n, lambda i: {"type": "string", "minLength": i, "maxLength": 4000 + i}),
    "formats": lambda n: _fields(
        n, lambda i: {"type": "string", "format": ("uri", "email", "date-time", "ipv6")[i % 4]}
    ),
    "ranges of integers": lambda n: _fields(
        n, lambda i: {"type": "integer", "minimum": -(97**5) - i, "maximum": 89**6 + 7 * i}
    ),
    "ranges of numbers": lambda n: _fields(
        n, lambda i: {"type": "number", "minimum": -123456.789 - i, "maximum": 987654.321 + i / 7}
    ),
    "maxItems": lambda n: {"type": "array", "items": {"type": "string"}, "maxItems": n},
    "minItems and maxItems": lambda n: {
        "type": "array",
        "items": {"type": "string"},
        "minItems": n // 2,
        "maxItems": n,
    },
    "many arrays": lambda n: _fields(
        n, lambda i: {"type": "array", "items": {"type": "string", "maxLength": i}, "maxItems": 1000}
    ),
    "arrays in arrays": lambda n: {
        "type": "array",
        "maxItems": n,
        "items": {"type": "array", "minItems": n // 2, "maxItems": n, "items": {"type": "integer"}},
    },
    "multipleOf": lambda n: {"type": "integer", "multipleOf": 2 * n + 1},
    "fractions of multipleOf": lambda n: {"type": "number", "multipleOf": (2 * n + 1) / 100_000},
    "two multipleOf that meet": lambda n: _multiples(n, n + 1),
    "three multipleOf beside each other": lambda n: {
        "anyOf": [{"type": "integer", "multipleOf": n + step} for step in (0, 1, 2)]
    },
    "multipleOf below a shared property": lambda n: {
        "allOf": [record({"a": {"type": "integer", "multipleOf": n + step}}) for step in (0, 1)]
    },
    "anyOf of objects": lambda n: {
        "anyOf": [record({"kind": {"const": w}, w: {"type": "string"}}) for w in _words(n, 6)]
    },
    "anyOf of arrays": lambda n: {
        "anyOf": [{"type": "array", "items": {"type": "string", "maxLength": i + 1}} for i in range(n)]
    },
    "oneOf with a discriminator": lambda n: {
        "oneOf": [record({"kind": {"const": word}, "value": {"type": "number"}}) for word in _words(n, 6)]
    },
    "allOf of two alternatives each": lambda n: _alternatives(n, 2),
    "allOf of 5 with n alternatives": lambda n: _alternatives(5, n),
    "allOf over alternatives of a shared property": lambda n: {
        "allOf": [{"type": "object", "properties": {"a": _either(i, 2)}} for i in range(n)]
    },
    "allOf of 2 x n alternatives of 40 properties": lambda n: {
        "allOf": [
            {"anyOf": [record({f"{m}_{j}_{i}": {"type": "string"} for i in range(40)}) for j in range(n)]}
            for m in range(2)
        ]
    },
    "anyOf beside oneOf": lambda n: {"anyOf": _either(0, n)["anyOf"], "oneOf": _either(1, n)["anyOf"]},
    "anyOf beside n properties": lambda n: {
        "type": "object",
        "properties": {f"p{i}": {"type": "string"} for i in range(n)},
        "anyOf": [{"required": [f"p{i}"]} for i in range(n)],
    },
    "references beside anyOf": lambda n: {
        "$defs": {
            f"d{i}": _either(i, 2) | ({"$ref": f"#/$defs/d{i + 1}"} if i + 1 < min(n, 60) else {})
            for i in range(min(n, 60))
        },
        "$ref": "#/$defs/d0",
    },
    "allOf of patterns": lambda n: {"allOf": [{"type": "string", "pattern": f"^.*{w}.*$"} for w in _words(n, 3)]},
    "many allOf of 3 x 4": lambda n: _fields(n, lambda _: _alternatives(3, 4)),
    "references": lambda n: {
        "$defs": {
            f"d{i}": {
                "type": "object",
                "properties": {"a": {"$ref": f"#/$defs/d{(i + 1) % n}"}, "b": {"type": "string"}},
            }
            for i in range(n)
        },
        "$ref": "#/$defs/d0",
    },
    "allOf over patterns": lambda n: _fields(
        n, lambda i: {"type": "string", "allOf": [{"format": "uri"}, {"pattern": f".*{i}.*"}, {"maxLength": 100 + i}]}
    ),
}

_FOUR_TYPES = ["string", "integer", "null", "boolean"]

ATTACKS: dict[str, Schema] = {
    "600 properties with ^[a-z]{1,1000}$": FAMILIES["patterns with {1,1000}"](600),
    "enum of 2,000 x 220 characters": FAMILIES["enum of 220 characters"](2000),
    "maxItems of 1,000,000": FAMILIES["maxItems"](1_000_000),
    "multipleOf 999,983": {"type": "integer", "multipleOf": 999_983},
    "allOf of 6 x 4 alternatives": _alternatives(6, 4),
    "multipleOf 1,009 and 1,013 that meet": _multiples(1009, 1013),
    "multipleOf 101, 103 and 107 that meet": _multiples(101, 103, 107),
    "ten properties of three multipleOf each": _fields(10, lambda i: _multiples(101, 103, 59 + 2 * i)),
    "multipleOf beside anyOf of others": {
        "type": "integer",
        "multipleOf": 251,
        "anyOf": [{"multipleOf": 257}, {"multipleOf": 263}],
    },
    "lists of types that meet": {
        "type": _FOUR_TYPES,
        "properties": {f"p{number}": {"type": _FOUR_TYPES} for number in range(200)},
        "anyOf": [{"type": _FOUR_TYPES}] * 20,
    },
    "anyOf of 200 beside 200 properties": FAMILIES["anyOf beside n properties"](200),
    "references beside anyOf, 16 of them": FAMILIES["references beside anyOf"](16),
    "allOf of 12 that share a property of alternatives": FAMILIES["allOf over alternatives of a shared property"](12),
    "allOf over a list's members": {
        "allOf": [{"$ref": f"#/prefixItems/{i}"} for i in range(12)],
        "prefixItems": [_either(i, 3) for i in range(12)],
    },
    "allOf over references with %24": {
        "allOf": [{"$ref": f"#/%24defs/d{i}"} for i in range(12)],
        "$defs": {f"d{i}": _either(i, 3) for i in range(12)},
    },
    "allOf of 300 patterns": FAMILIES["allOf of patterns"](300),
}

_TEXT: Schema = {"type": "string"}
_ADDRESS = record({"street": _TEXT, "city": _TEXT, "zip": {"type": "string", "pattern": "^\\d{5}$"}, "country": _TEXT})
_MONEY = record({"amount": {"type": "number", "minimum": 0, "multipleOf": 0.01}, "currency": {"enum": ["EUR", "USD"]}})


def _tool(**arguments: Schema) -> Schema:
    return {"type": "object", "properties": arguments, "required": list(arguments)[:1]}


TYPICAL: dict[str, Schema] = {
    "order": record(
        {
            "id": {"type": "string", "format": "uuid"},
            "customer": record({"name": {"type": "string", "maxLength": 200}, "address": _ADDRESS}),
            "lines": {
                "type": "array",
                "minItems": 1,
                "maxItems": 200,
                "items": record({"sku": {"type": "string", "pattern": "^[A-Z]{3}-\\d{4,8}$"}, "price": _MONEY}),
            },
        }
    ),
    "invoice": record(
        dict.fromkeys(_words(40, 9), _TEXT)
        | {"total": _MONEY, "due": {"type": "string", "format": "date"}}
        | {"items": {"type": "array", "items": record({"text": {"type": "string", "maxLength": 500}, "net": _MONEY})}}
    ),
    "one of 250 countries": record({"country": {"enum": _words(250, 12)}}),
    "one of 2,000 products": record({"product": {"enum": _words(2000, 18)}}),
    "web search tool": _tool(query={"type": "string", "maxLength": 4000}, limit={"type": "integer", "maximum": 100}),
    "file edit tool": _tool(path=_TEXT, old={"type": "string", "maxLength": 65536}, new={"type": "string"}),
    "shell tool": _tool(command={"type": "array", "items": _TEXT, "maxItems": 1000}, timeout_ms={"type": "integer"}),
    "mail tool": _tool(
        to={"type": "array", "items": {"type": "string", "format": "email"}, "maxItems": 50},
        subject={"type": "string", "minLength": 1, "maxLength": 998},
        body={"type": "string", "maxLength": 100_000},
    ),
    "calendar event": record(
        {
            "title": _TEXT,
            "start": {"type": "string", "format": "date-time"},
            "guests": {"type": "array", "items": _TEXT},
        }
    ),
    "name of any letters": record({"name": {"type": "string", "pattern": "^[\\p{L}\\p{N} '-]+$", "maxLength": 120}}),
    "year": record({"year": {"type": "string", "pattern": "^(?<y>\\d{4})$"}}),
    "chain of thought": record(
        {"steps": {"type": "array", "items": record({"explanation": _TEXT, "output": _TEXT})}, "answer": _TEXT}
    ),
    "sentiment": record({"label": {"enum": ["good", "bad", "neither"]}, "score": {"type": "number", "maximum": 1}}),
    "verdict of a judge": record({"better": {"enum": ["A", "B", "tie"]}, "why": {"type": "string", "maxLength": 2000}}),
    "entities": {
        "type": "array",
        "maxItems": 500,
        "items": record({"text": _TEXT, "kind": {"enum": _words(18, 8)}, "start": {"type": "integer", "minimum": 0}}),
    },
    "tree of a page": {
        "$defs": {
            "node": record(
                {
                    "tag": {"enum": ["div", "p", "button"]},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                }
            )
        },
        "$ref": "#/$defs/node",
    },
    "expression": {
        "$defs": {
            "expr": {
                "anyOf": [
                    {"type": "number"},
                    record(
                        {
                            "op": {"enum": ["+", "-"]},
                            "left": {"$ref": "#/$defs/expr"},
                            "right": {"$ref": "#/$defs/expr"},
                        }
                    ),
                ]
            }
        },
        "$ref": "#/$defs/expr",
    },
    "one of 12 events": {
        "anyOf": [
            record({"type": {"const": name}, "at": {"type": "string", "format": "date-time"}}) for name in _words(12, 9)
        ]
    },
    "pydantic model with options": record(
        {
            name: {"anyOf": [{"type": "string", "maxLength": 255}, {"type": "null"}], "default": None}
            for name in _words(30, 8)
        }
    ),
    "inheritance by allOf": {
        "$defs": {"base": {"type": "object", "properties": {"id": _TEXT}, "required": ["id"]}},
        "allOf": [{"$ref": "#/$defs/base"}, {"type": "object", "properties": {"name": _TEXT}, "required": ["name"]}],
    },
    "map of names to numbers": {"type": "object", "additionalProperties": {"type": "number"}},
    "settings by pattern": {"type": "object", "patternProperties": {"^[a-z_]{1,64}$": {"type": ["string", "number"]}}},
    "seven objects in each other": record(
        {"a": record({"b": record({"c": record({"d": record({"e": record({"f": record({"g": _TEXT})})})})})})}
    ),
    "form of 120 fields": record(
        {name: {"type": "string", "maxLength": 20 + 7 * i} for i, name in enumerate(_words(120, 14))}
    ),
    "medical record": record(
        {
            name: record({"value": {"type": "number", "minimum": 0, "maximum": 500 + i}, "unit": _TEXT})
            for i, name in enumerate(_words(60, 10))
        }
    ),
}
