"""A Dockerfile as data: its stages with their instructions. Those that ours does not use are refused."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_KNOWN = frozenset({"ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "VOLUME", "USER", "EXPOSE", "HEALTHCHECK", "CMD"})
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_PAIR = re.compile(r"""(\w+)=("[^"]*"|\S*)""")


class NotUnderstood(Exception):
    """A line that is no instruction that we know."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: `RUN` and the rest of its line, with continued lines joined."""

    name: str
    value: str

    def words(self) -> list[str]:
        """The value as a list: of a JSON array its items, else split at white space."""
        if self.value.startswith("["):
            return [str(item) for item in json.loads(self.value)]
        return self.value.split()

    def pairs(self) -> dict[str, str]:
        """The value as names with values, as ENV and LABEL have them."""
        return {name: value.strip('"') for name, value in _PAIR.findall(self.value)}


@dataclass(frozen=True, slots=True)
class Stage:
    """What stands between one FROM and the next.

    Attributes:
        base: An image, or the name of an earlier stage.
    """

    name: str
    base: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, name: str) -> list[Instruction]:
        """Its instructions of one name."""
        return [instruction for instruction in self.instructions if instruction.name == name]


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """The stages by their names, in the order of the file, and the defaults of the arguments before the first."""

    arguments: Mapping[str, str]
    stages: Mapping[str, Stage]

    def ancestry(self, target: str) -> list[Stage]:
        """A stage and those that it stands on, the lowest first."""
        found: list[Stage] = []
        while target in self.stages:
            found.insert(0, self.stages[target])
            target = self.stages[target].base
        return found

    def lineage(self, target: str) -> list[Instruction]:
        """Every instruction that made an image of this stage, without those of stages that it only copies from."""
        return [instruction for stage in self.ancestry(target) for instruction in stage.instructions]

    def last(self, target: str, name: str) -> Instruction | None:
        """The instruction of this name that holds for an image of this stage."""
        return next((found for found in reversed(self.lineage(target)) if found.name == name), None)

    def base_image(self, target: str) -> str:
        """The image that a stage stands on in the end."""
        return self.ancestry(target)[0].base


def parse(text: str) -> Dockerfile:
    """Reads a Dockerfile.

    Raises:
        NotUnderstood: A line is no instruction that we know.
    """
    arguments: dict[str, str] = {}
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for instruction in _instructions(text):
        if instruction.name == "FROM":
            base, _, name = instruction.value.partition(" AS ")
            stage = stages[name] = Stage(name, _VARIABLE.sub(lambda found: arguments[found[1]], base))
        elif stage is None:
            name, _, default = instruction.value.partition("=")
            arguments[name] = default
        else:
            stage.instructions.append(instruction)
    return Dockerfile(arguments, stages)


def read(path: Path) -> Dockerfile:
    """As `parse`, of a file."""
    return parse(path.read_text(encoding="utf-8"))


def _instructions(text: str) -> list[Instruction]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found = []
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, value = line.strip().partition(" ")
        if name not in _KNOWN:
            raise NotUnderstood(f"{name} is no instruction that is known here: {line[:80]}")
        found.append(Instruction(name, value.strip()))
    return found
