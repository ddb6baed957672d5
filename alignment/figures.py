"""Figures of a stage's report as people read them: `0.71 (95 % 0.66 to 0.75, n = 300)`."""

from collections.abc import Iterator, Mapping
from typing import Any

_ESTIMATE = {"value", "low", "high", "n"}
_DEPTH = 3


def figures(report: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yields name and figure of each number and each estimate with an interval; lists and long texts are left out."""
    for key, value in report.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            if value.keys() >= _ESTIMATE:
                yield name, _estimate(value)
            elif prefix.count(".") < _DEPTH:
                yield from figures(value, f"{name}.")
        elif isinstance(value, bool | int):
            yield name, str(value)
        elif isinstance(value, float):
            yield name, _number(value)
        elif isinstance(value, str) and 0 < len(value) <= 200:
            yield name, value


def _estimate(value: Mapping[str, Any]) -> str:
    if value["value"] is None:
        return f"unknown (n = {value['n']})"
    interval = f"95 % {_number(value['low'])} to {_number(value['high'])}, " if value["low"] is not None else ""
    return f"{_number(value['value'])} ({interval}n = {value['n']})"


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4g}"
