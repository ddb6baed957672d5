"""What a candidate must show: `thresholds.toml`, or a file in its form."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

from evals.errors import UnusableThresholds


class Threshold(BaseModel):
    """The bounds of one criterion; at least one is set.

    Attributes:
        low_above: The lower end of the interval must be above this.
        low_least: The lower end must be this or more.
        high_most: The upper end must be this or less.
        min_items: Fewer are refused.
        reason: Why these numbers, for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    low_above: float | None = None
    low_least: float | None = None
    high_most: float | None = None
    min_items: int = Field(ge=1)
    reason: str = Field(min_length=1)

    @model_validator(mode="after")
    def _binds(self) -> Self:
        if self.low_above is None and self.low_least is None and self.high_most is None:
            raise ValueError("give low_above, low_least or high_most")
        return self

    def __str__(self) -> str:
        """As it stands in a report: `low end ≥ -0.15, n ≥ 150`."""
        bounds = (("low end >", self.low_above), ("low end ≥", self.low_least), ("high end ≤", self.high_most))
        said = [f"{what} {bound:g}" for what, bound in bounds if bound is not None]
        return ", ".join([*said, f"n ≥ {self.min_items}"])


class Thresholds(RootModel[Mapping[str, Threshold]]):
    """By criterion."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.root:
            raise ValueError("no criterion is set, so that everything would pass")
        return self


def load(path: Path | None = None) -> Thresholds:
    """Reads a file of thresholds; the shipped one by default.

    Raises:
        UnusableThresholds: It cannot be read, or a criterion lacks a bound, a number of items or a reason.
    """
    source = path or files("evals") / "thresholds.toml"
    try:
        return Thresholds.model_validate(tomllib.loads(source.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:  # TOML, encoding and validation errors are ValueErrors
        raise UnusableThresholds(f"The thresholds {source} cannot be used: {error}") from error
