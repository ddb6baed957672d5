"""What markdown may still do after the sanitiser; an independent renderer (markdown-it with HTML on) is the judge."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from chat_ui.sanitise import escape_html_outside_code

RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
HARMLESS_TAGS = {"<br>", "<br/>", "<br />"}


def _all_tokens(markdown: str) -> list[Token]:
    tokens = RENDERER.parse(markdown)
    return tokens + [child for token in tokens for child in token.children or ()]


def _dangerous(markdown: str) -> list[str]:
    return [
        f"{token.type}: {token.content}"
        for token in _all_tokens(markdown)
        if token.type in ("html_inline", "html_block", "image") and token.content.strip().lower() not in HARMLESS_TAGS
    ]


TAGS = ["<img src=x>", "<b>", "</div>", "<!--", "-->", "<br>", "<", ">", "&lt;"]
IMAGES = ["![a](b)", "![", "](x)", "[", "]"]
CODE = ["`", "``", "```", "~~~", "    ", "\t", "\\", "\\<"]
BLOCKS = ["\n", "\n\n", "- ", "1. ", "> ", "# ", "| ", "|", "\n|-|-|\n", "---", "\r", "\u2028", "a", " "]
FORMULAS = ["$$", "\\(", "\\)", "\\[", "\\]"]
PIECES = st.sampled_from([*TAGS, *IMAGES, *CODE, *BLOCKS, *FORMULAS])


@settings(max_examples=1500)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_no_raw_html_and_no_image_is_left_for_a_renderer(markdown: str) -> None:
    assert _dangerous(escape_html_outside_code(markdown)) == []


@given(st.text(alphabet=st.characters(exclude_characters="<![\r")))
def test_text_without_tags_is_left_alone(markdown: str) -> None:
    assert escape_html_outside_code(markdown) == markdown


@pytest.mark.parametrize(
    "code",
    [
        "```html\n<b>bold</b>\n```",
        "1. see\n\n   ```html\n   <b>\n   ```",
        "    <b>indented</b>",
        "Use `<b>` or ``<i>`</i>``.",
        "```\n<b> not closed yet",
    ],
)
def test_code_is_left_as_it_was_written(code: str) -> None:
    assert escape_html_outside_code(code) == code


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a <b>c</b>", "a &lt;b>c&lt;/b>"),
        ("![cat](http://x/y.png)", "&#33;[cat](http://x/y.png)"),
        (r"\<b>", "&lt;b>"),
        ("| a<br>b |\n|-|\n| `|<i>` |", "| a<br>b |\n|-|\n| `|&lt;i>` |"),
        ("<div>\n```\n<img src=x>\n```\n", "&lt;div>\n```\n<img src=x>\n```\n"),
        ("1 < 2 & 3", "1 &lt; 2 & 3"),
    ],
)
def test_tags_and_images_become_text(written: str, shown: str) -> None:
    assert escape_html_outside_code(written) == shown


@pytest.mark.parametrize(
    ("written", "shown"), [(r"\(a<b\)", r"\(a\lt b\)"), (r"\[a<b\]", r"\[a\lt b\]"), ("$$a<b$$", r"$$a\lt b$$")]
)
def test_formulas_keep_their_less_than_sign(written: str, shown: str) -> None:
    assert escape_html_outside_code(written) == shown


def test_diagrams_become_plain_code() -> None:
    assert escape_html_outside_code("1. x\n   ~~~ Mermaid\n   A\n   ~~~") == "1. x\n   ~~~text\n   A\n   ~~~"


def test_many_unclosed_openers_take_linear_time() -> None:
    assert "<" not in escape_html_outside_code("\\(\\[`<" + "\\(\\[<" * 100_000)
