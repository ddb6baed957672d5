"""The page's components and their places. `chat_ui.events` says what they do.

Lists and the controls around messages are drawn by `static/*.js` inside HTML components whose templates are constant:
Gradio runs `${…}` in a template as JavaScript, so nothing that people wrote may ever stand in one.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from chat_ui.allowed_routes import STATIC_URL
from chat_ui.records import ChatSettings

STATIC = Path(__file__).parent / "static"
LATEX = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "\\[", "right": "\\]", "display": True},
    {"left": "\\(", "right": "\\)", "display": False},
]
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
    transcript: gr.Chatbot
    board: gr.HTML
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
            transcript = _transcript()
            board = island("board", events=("regenerate", "reword", "turn", "rate", "ask"), examples=EXAMPLES)
            status = island("status", events=("retry",))
            with gr.Row(elem_id="composer-row"):
                composer, stop = _composer()
            gr.HTML("<p>Attune can be wrong. Your thumbs make it better.</p>", elem_id="footnote")
        with gr.Column(elem_id="drawer", min_width=0):
            settings = _settings()
            erasure = island("erasure", events=("erase_everything",))
    view = island("view")
    return Components(view, transcript, board, status, sidebar, search, composer, stop, settings, erasure)


def island(name: str, *, events: tuple[str, ...] = (), **constants: Any) -> gr.HTML:
    """An HTML component that `static/<name>.js` draws from its value.

    Args:
        name: Of the script and of the element.
        events: What the script may trigger; each becomes an event of the component.
        constants: Handed to the script as they are.
    """
    options = f"{{element, props, watch, trigger, events: {json.dumps(events)}, constants: {json.dumps(constants)}}}"
    return gr.HTML(
        html_template="",
        js_on_load=f"import('{STATIC_URL}/{name}.js').then((module) => module.mount({options}))",
        apply_default_css=False,
        elem_id=name,
    )


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


def _transcript() -> gr.Chatbot:
    return gr.Chatbot(
        elem_id="transcript",
        label="Conversation",
        show_label=False,
        container=False,
        height=None,
        layout="bubble",
        buttons=[],
        feedback_options=None,
        latex_delimiters=LATEX,
        sanitize_html=True,
        allow_tags=False,
        group_consecutive_messages=False,
        allow_file_downloads=False,
    )


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
    """In the order of `chat_ui.events.read_settings`."""
    default = ChatSettings()
    gr.HTML("<h2>Chat settings</h2><p>They are kept with this chat.</p>", elem_id="drawer-title")
    return (
        gr.Textbox(
            label="System prompt",
            placeholder="You are a helpful assistant.",
            lines=5,
            max_length=8000,
            elem_id="system-prompt",
        ),
        gr.Slider(0, 2, value=default.temperature, step=0.05, label="Temperature", elem_id="temperature"),
        gr.Slider(0.05, 1, value=default.top_p, step=0.05, label="Top p", elem_id="top-p"),
        _whole_number("Longest answer (tokens)", "as long as the model can", "max-tokens"),
        _whole_number("Seed", "random", "seed"),
    )


def _whole_number(label: str, when_empty: str, elem_id: str) -> gr.Textbox:
    """A text box for a number that may be left out, which Gradio's own number box turns into 0."""
    attributes = gr.InputHTMLAttributes(autocomplete="off")
    return gr.Textbox(label=label, placeholder=when_empty, max_lines=1, elem_id=elem_id, html_attributes=attributes)
