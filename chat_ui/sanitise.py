r"""Makes markdown that people or models wrote safe to show: raw HTML and diagrams become text, images become links.

The page's own sanitiser drops scripts but keeps images, media, styles and forms, each of which can call another server.
So outside code nothing may stay that opens a tag or an image. Code and formulas stay readable: their renderers show `<`
as it stands, or, in formulas, as `\lt`.
"""

import re
from collections.abc import Callable

from markdown_it import MarkdownIt

# Without `html`, so that blocks are found as they will be once the tags are escaped.
_BLOCKS = MarkdownIt("commonmark", {"html": False}).enable("table")

# The constructs that decide what a `<` or `![` means, leftmost first, as in a markdown renderer.
_CONSTRUCT = re.compile(r"\\[(\[] | \$\$ | \\. | `+ | < | !(?=\[)", re.VERBOSE | re.DOTALL)
_ESCAPED_LINE_BREAK = re.compile(r"&lt;(br\s*/?>)", re.IGNORECASE)
# The page draws diagrams with a library that loads images named in their labels; as text they are harmless.
_DIAGRAM = re.compile(r"(`{3,}|~{3,})[ \t]*mermaid", re.IGNORECASE)
_TAG_AT_LINE_START = re.compile(r"(\n[ \t>]*)<")
_FORMULA_ENDS = {r"\(": r"\)", r"\[": r"\]", "$$": "$$"}


def escape_html_outside_code(markdown: str) -> str:
    """The same markdown with every raw tag and image outside code escaped.

    Args:
        markdown: As it was written; may be unfinished, as in the middle of a stream.

    Returns:
        Markdown that a CommonMark renderer turns into no raw HTML (except `<br>` in a table) and no image.
    """
    text = markdown.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    parts: list[str] = []
    at = 0
    for kind, first, end in _blocks(text):
        parts += [_escape_everything(line) for line in lines[at:first]]
        block = "\n".join(lines[first:end])
        parts.append(_ESCAPE[kind](block))
        at = end
    parts += [_escape_everything(line) for line in lines[at:]]
    return _DIAGRAM.sub(r"\1text", "\n".join(parts))


def _blocks(text: str) -> list[tuple[str, int, int]]:
    """The parts with text or code: kind, first line and the line after the last, in order and not overlapping."""
    found: list[tuple[str, int, int]] = []
    for token in _BLOCKS.parse(text):
        if token.type in _ESCAPE and token.map and (not found or token.map[0] >= found[-1][2]):
            found.append((token.type, token.map[0], token.map[1]))
    return found


def _escape_everything(text: str) -> str:
    return text.replace("<", "&lt;").replace("![", "&#33;[")


def _escape_table(table: str) -> str:
    """Cells end at every `|`, even inside what looks like a code span. Models break lines in cells with `<br>`."""
    return "\n".join(_escape_row(row) for row in table.split("\n"))


def _escape_row(row: str) -> str:
    first, *others = (_escape_inline(cell) for cell in row.split("|"))
    return "|".join([first, *(_ESCAPED_LINE_BREAK.sub(r"<\1", cell) for cell in others)])


def _escape_inline(text: str) -> str:
    """Escape in one paragraph, heading or cell."""
    out: list[str] = []
    at = 0
    without_end: set[str] = set()  # openers whose end was looked for in vain: keeps the scan linear
    while match := _CONSTRUCT.search(text, at):
        out.append(text[at : match.start()])
        opener = match.group()
        end = -1 if opener in without_end else _end_of_span(text, opener, match.end())
        if end < 0:
            without_end.add(opener)
            at = match.end()
            out.append(_escape_construct(opener))
        else:
            at = end
            span = text[match.start() : end]
            out.append(_escape_code_span(span) if opener.startswith("`") else _escape_formula(span))
    out.append(text[at:])
    return "".join(out)


def _end_of_span(text: str, opener: str, at: int) -> int:
    """Where the code span or formula that `opener` begins is over; -1 if it begins none."""
    if opener.startswith("`"):
        closing = re.compile(rf"(?<!`){opener}(?!`)").search(text, at)
        return closing.end() if closing else -1
    if opener in _FORMULA_ENDS:
        closing_at = text.find(_FORMULA_ENDS[opener], at)
        return closing_at + 2 if closing_at >= 0 else -1
    return -1


def _escape_construct(construct: str) -> str:
    if construct in ("<", r"\<"):
        return "&lt;"
    return "&#33;" if construct == "!" else construct


def _escape_code_span(span: str) -> str:
    """A tag at the start of a line begins a block of HTML, even in the middle of a code span."""
    return _TAG_AT_LINE_START.sub(r"\1&lt;", span)


def _escape_formula(formula: str) -> str:
    return formula.replace("<", r"\lt ").replace("![", "! [")


_ESCAPE: dict[str, Callable[[str], str]] = {
    "fence": str,
    "code_block": str,
    "table_open": _escape_table,
    "inline": _escape_inline,
}
