"""The page's components and their places. `chat_ui.events` says what they do.

Messages, lists and controls are drawn by `static/*.js` inside HTML components whose templates are empty: Gradio runs
`${…}` in a template as JavaScript, so nothing that people wrote may ever stand in one.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

STATIC = Path(__file__).parent / "static"
EXAMPLES = (
    "Hello! What can you do?",
    "Tell me a short poem about the sea.",
    "What is the capital of France?",
    "Write a polite reply to an invitation.",
)


@dataclass(frozen=True, slots=True)
class Components:
    """What events read and write."""

    view: gr.HTML
    board: gr.HTML
    draft: gr.HTML
    status: gr.HTML
    sidebar: gr.HTML
    search: gr.Textbox
    composer: gr.Textbox
    stop: gr.Button
    settings: tuple[Any, ...]
    erasure: gr.HTML


def lay_out() -> Components:
    """Place the components; call it inside a `gr.Blocks`."""
    with gr.Row(elem_id="app"):
        with gr.Column(elem_id="side", min_width=0):
            search, sidebar = _side()
        with gr.Column(elem_id="main", min_width=0):
            island("header")
            with gr.Column(elem_id="transcript", min_width=0):
                board = island("board", events=("regenerate", "reword", "turn", "rate", "ask"), examples=EXAMPLES)
                draft = island("draft")
            status = island("status", events=("retry",))
            with gr.Row(elem_id="composer-row"):
                composer, stop = _composer()
            written("footnote", ("p", "Attune can be wrong. Your thumbs make it better."))
        with gr.Column(elem_id="drawer", min_width=0):
            settings = _settings()
            erasure = island("erasure", events=("erase_everything",))
    view = island("view")
    return Components(view, board, draft, status, sidebar, search, composer, stop, settings, erasure)


def island(name: str, *, events: tuple[str, ...] = (), elem_id: str | None = None, **constants: Any) -> gr.HTML:
    """An HTML component that `static/<name>.js` draws from its value.

    Args:
        name: Of the script, and of the element if that has no `elem_id` of its own.
        elem_id: Of the element.
        events: What the script may trigger; each becomes an event of the component.
        constants: Handed to the script as they are.
    """
    return gr.HTML(
        html_template="",
        js_on_load=json.dumps({"island": name, "events": events, "constants": constants}),  # static/islands.js
        apply_default_css=False,
        elem_id=elem_id or name,
    )


def written(elem_id: str, *parts: tuple[str, str]) -> gr.HTML:
    """Constant text, as pairs of an element's name and what stands in it."""
    return island("written", elem_id=elem_id, parts=parts)


def _side() -> tuple[gr.Textbox, gr.HTML]:
    search = gr.Textbox(
        show_label=False,
        label="Search chats",
        placeholder="Search chats",
        container=False,
        max_lines=1,
        elem_id="search",
        html_attributes=gr.InputHTMLAttributes(autocomplete="off", spellcheck=False),
    )
    return search, island("sidebar", events=("open_chat", "new_chat", "rename_chat", "delete_chat", "more_chats"))


def _composer() -> tuple[gr.Textbox, gr.Button]:
    composer = gr.Textbox(
        elem_id="composer",
        label="Message",
        show_label=False,
        container=False,
        placeholder="Message Attune",
        lines=1,
        max_lines=8,
        autofocus=True,
        submit_btn=True,
        max_length=100_000,
    )
    return composer, gr.Button("Stop", elem_id="stop", variant="secondary", min_width=0)


def _settings() -> tuple[Any, ...]:
    """The system prompt, then `chat_ui.events.NUMBERS`, which are text boxes: a slider could not be left empty."""
    written("drawer-title", ("h2", "Chat settings"), ("p", "They are kept with this chat. Empty: as the model has it."))
    return (
        gr.Textbox(
            label="System prompt",
            placeholder="You are a helpful assistant.",
            lines=5,
            max_length=8000,
            elem_id="system-prompt",
        ),
        _number("Temperature (0 to 2)", "the model's own", "temperature"),
        _number("Top p (up to 1)", "the model's own", "top-p"),
        _number("Longest answer (tokens)", "as long as the model can", "max-tokens"),
        _number("Seed", "random", "seed"),
    )


def _number(label: str, when_empty: str, elem_id: str) -> gr.Textbox:
    """A text box for a number that may be left out, which Gradio's own number box turns into 0."""
    attributes = gr.InputHTMLAttributes(autocomplete="off")
    return gr.Textbox(label=label, placeholder=when_empty, max_lines=1, elem_id=elem_id, html_attributes=attributes)
