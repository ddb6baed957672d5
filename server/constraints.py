"""Which requests demand an answer that fits a grammar, for which an engine compiles one."""

from collections.abc import Mapping
from typing import Any


def constrained(params: Mapping[str, Any]) -> bool:
    """Whether a request, of any endpoint, demands an answer that fits a JSON schema."""
    return any(params.get(name) for name in ("response_format", "text", "tools"))
