"""Which events the page has and what each carries. What does not fit never reaches Gradio, which prints what it got."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr
import orjson

MOST_LEVELS = 8  # of nesting; Gradio walks by recursion, and a vote with its reasons has three

Input = type[gr.HTML] | type[gr.Textbox]


@dataclass(frozen=True, slots=True)
class PageEvents:
    """The events of one page.

    Attributes:
        inputs: By the event's index: what kinds of components its values come from, in their order.
        components: Ids of all components and of the page itself, any of which may trigger an event.
    """

    inputs: Mapping[int, tuple[Input, ...]]
    components: frozenset[int]

    @classmethod
    def of(cls, blocks: gr.Blocks) -> "PageEvents":
        """The events of a page as they are connected now; the browser runs those without inputs by itself."""
        inputs = {index: tuple(_input(part) for part in event.inputs) for index, event in blocks.fns.items()}
        return cls({index: kinds for index, kinds in inputs.items() if kinds}, frozenset((blocks._id, *blocks.blocks)))

    def checked(self, body: Mapping[str, Any]) -> bytes:
        """Return an event as Gradio may have it: what the page sends, and nothing else that Gradio would take.

        Args:
            body: Its `session_hash` was checked.

        Raises:
            ValueError: The event is none of this page's, or its values do not fit; the message repeats no value.
        """
        index, values = body.get("fn_index"), body.get("data")
        kinds = self.inputs.get(index) if type(index) is int else None
        if kinds is None or not isinstance(values, list) or len(values) != len(kinds):
            raise ValueError("This is no event of the page as it is now. Reload the page.")
        if not all(map(_fits, kinds, values)):
            raise ValueError("A value of this event is of the wrong kind. Reload the page.")
        trigger, data = body.get("trigger_id"), body.get("event_data")
        if trigger is not None and not (type(trigger) is int and trigger in self.components):
            raise ValueError("trigger_id is no component of the page. Reload the page.")
        if _is_deep(data):
            raise ValueError(f"event_data may nest {MOST_LEVELS} levels deep.")
        session = body["session_hash"]
        data = data if isinstance(data, dict) else None  # handlers look for names in it
        return orjson.dumps(
            {"data": values, "event_data": data, "fn_index": index, "trigger_id": trigger, "session_hash": session}
        )


def _input(part: Any) -> Input:
    kinds: tuple[Input, ...] = (gr.Textbox, gr.HTML)
    return next(kind for kind in kinds if isinstance(part, kind))


def _fits(kind: Input, value: object) -> bool:
    """Whether a component of this kind can have the value; `chat_ui.screen.View` is what an HTML component holds."""
    if value is None:
        return True
    if kind is gr.HTML and isinstance(value, dict):
        return not any(isinstance(below, dict | list) for below in value.values())
    return isinstance(value, str)


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [
            below
            for node in level
            if isinstance(node, dict | list)
            for below in (node.values() if isinstance(node, dict) else node)
        ]
    return bool(level)
