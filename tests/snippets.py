"""The commands and programs that the docs show."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])

_FENCED = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:attune|make|curl|python3?) [^`]+)`")
_COMMENT = re.compile(r"\s{2,}#.*$")
_COMMAND = re.compile(r"\s*(attune|make|curl|python3?) [a-z-]")


@dataclass(frozen=True, slots=True)
class Snippet:
    """A command, a line of shell, or a program, as it stands on a page."""

    page: str
    text: str


def shell() -> Iterator[Snippet]:
    """Every line of the shell blocks, with continued lines joined and without comments."""
    for page, language, text in _blocks():
        if language == "sh":
            for line in text.replace("\\\n", " ").splitlines():
                if command := _COMMENT.sub("", line).strip():
                    yield Snippet(page, re.sub(r"\s+", " ", command))


def python() -> Iterator[Snippet]:
    """Every block of Python."""
    yield from (Snippet(page, text) for page, language, text in _blocks() if language == "python")


def javascript() -> Iterator[Snippet]:
    """Every block of JavaScript."""
    yield from (Snippet(page, text) for page, language, text in _blocks() if language == "js")


def inline() -> Iterator[Snippet]:
    """Every command within a text or a table."""
    for page in PAGES:
        prose = _FENCED.sub("", page.read_text(encoding="utf-8"))
        yield from (Snippet(_name(page), text) for text in _INLINE.findall(prose))


def words(line: str, instead: Mapping[str, str]) -> list[str]:
    """A line of shell as words, with something in place of what it leaves open, such as RUN, or of a folder."""
    for open_words, others in instead.items():
        line = line.replace(open_words, others)
    return shlex.split(line)


def unlabelled() -> Iterator[Snippet]:
    """Every line that looks like a command, in a block that says no language."""
    for page, language, text in _blocks():
        if not language:
            yield from (Snippet(page, line) for line in text.splitlines() if _COMMAND.match(line))


def _blocks() -> Iterator[tuple[str, str, str]]:
    for page in PAGES:
        for block in _FENCED.finditer(page.read_text(encoding="utf-8")):
            yield _name(page), block["language"], block["text"]


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))
