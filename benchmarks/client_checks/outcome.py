"""What came of a call, reduced to what two servers should have in common."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Facts = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What the client made of one server's answer.

    Attributes:
        kind: `answer`, or the class of the client's exception.
        message: Of the exception, else empty.
        facts: Of the answer: texts, ends, calls, counts of tokens, what log-probabilities there are.
    """

    kind: str
    message: str = ""
    facts: Facts | None = None


def chat_facts(answer: Any) -> Facts:
    """The facts of a whole chat completion."""
    choices = [_choice_facts(choice, choice.message) for choice in answer.choices]
    return {"choices": choices, "usage": _usage_facts(answer.usage), "object": answer.object}


def chat_stream_facts(chunks: Iterable[Any]) -> Facts:
    """The facts of a streamed chat completion."""
    whole: dict[int, Facts] = {}
    usages = []
    for chunk in chunks:
        usages.append(chunk.usage)
        for choice in chunk.choices:
            facts = whole.setdefault(choice.index, {"text": "", "calls": {}, "end": None, "logprobs": 0})
            facts["text"] += choice.delta.content or ""
            facts["end"] = choice.finish_reason or facts["end"]
            facts["logprobs"] += len(choice.logprobs.content or ()) if choice.logprobs else 0
            for call in choice.delta.tool_calls or ():
                known = facts["calls"].setdefault(call.index, ["", ""])
                known[0] += call.function.name or ""
                known[1] += call.function.arguments or ""
    return {"choices": whole, "usage": [_usage_facts(usages[-1]), sum(u is not None for u in usages) > 1]}


def text_facts(answer: Any) -> Facts:
    """The facts of a whole legacy completion."""
    choices = [
        {"text": c.text, "end": c.finish_reason, "logprobs": c.logprobs and len(c.logprobs.tokens or ())}
        for c in answer.choices
    ]
    return {"choices": choices, "usage": _usage_facts(answer.usage), "object": answer.object}


def text_stream_facts(chunks: Iterable[Any]) -> Facts:
    """The facts of a streamed legacy completion."""
    texts: dict[int, str] = {}
    usage = None
    for chunk in chunks:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            texts[choice.index] = texts.get(choice.index, "") + choice.text
    return {"texts": texts, "usage": _usage_facts(usage)}


def response_facts(answer: Any) -> Facts:
    """The facts of an answer of /v1/responses."""
    items = [(item.type, getattr(item, "name", None)) for item in answer.output]
    usage = answer.usage and answer.usage.input_tokens
    return {"status": answer.status, "items": items, "text": answer.output_text, "input_tokens": usage}


def response_stream_facts(events: Iterable[Any]) -> Facts:
    """The facts of a streamed answer of /v1/responses."""
    seen: list[str] = []
    last = None
    for last in events:
        if last.type not in seen:
            seen.append(last.type)
    return {"events": seen, **(response_facts(last.response) if last is not None else {})}


def _choice_facts(choice: Any, message: Any) -> Facts:
    calls = [[call.function.name, call.function.arguments] for call in message.tool_calls or ()]
    entries = (choice.logprobs and choice.logprobs.content) or ()
    return {
        "text": message.content,
        "calls": calls,
        "end": choice.finish_reason,
        "logprobs": [len(entries), max((len(entry.top_logprobs) for entry in entries), default=0)],
        "parsed": json.loads(message.parsed.model_dump_json()) if getattr(message, "parsed", None) else None,
    }


def _usage_facts(usage: Any) -> list[int] | None:
    return None if usage is None else [usage.prompt_tokens, usage.completion_tokens]
