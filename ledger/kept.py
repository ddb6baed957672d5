"""What the ledger keeps of an answer: all of it, figures without a text, or nothing.

The gateway decides which of them a request gets (`server.kept`). What each leaves to canary, votes, training and
erasing: docs/data-model.md, "What is kept of an answer".
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

from ledger.errors import NotKept
from ledger.records import Choice, Completion, Json, Keep, NewFeedback
from ledger.refusals import is_refusal

POLICIES: tuple[Keep, ...] = get_args(Keep)
"""The most first."""

UNKEPT = "unkept-"
"""Stands in the id of an answer of which nothing is kept: the id alone can then say why there is no row."""

_FINISH_REASONS = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})


def least(*policies: Keep) -> Keep:
    """Return the policy that keeps the least."""
    return max(policies, key=POLICIES.index)


def storable(completion: Completion) -> Completion:
    """Return what is stored of an answer of which something is kept."""
    return completion if completion.kept == "full" else _without_text(completion)


def is_unkept(completion_id: str) -> bool:
    """Say whether an id is that of an answer of which nothing was kept."""
    return UNKEPT in completion_id


def require_kept(completion_id: str) -> None:
    """Check that a vote's answer can be in the ledger.

    Raises:
        NotKept: Nothing was kept of it.
    """
    if is_unkept(completion_id):
        raise NotKept(
            f"Nothing was kept of the answer {completion_id}, as its request or API key asked, so nobody can rate it. "
            "Where answers are to be rated, ask with X-Attune-Keep: metadata (a thumb counts for the canary) or full."
        )


def require_text(completion_id: str, kept: str, new: NewFeedback) -> None:
    """Check that a vote says nothing about a text that was not kept: then only a thumb and its reasons are taken.

    Raises:
        NotKept: It has a comment or a correction, or compares.
    """
    about_text = {"comment": new.comment, "correction": new.correction, "preferred_over": new.preferred_over}
    sent = next((name for name, value in about_text.items() if value is not None), None)
    if kept != "full" and sent is not None:
        raise NotKept(
            f"Of the answer {completion_id} only metadata was kept, without any text, so {sent} cannot be stored with "
            "it. Send the thumb without it; it counts for the canary. Answers asked for without store: false, by a key "
            "that keeps all, can be commented, corrected and compared."
        )


def _without_text(completion: Completion) -> Completion:
    """Return an answer's figures. What can hold words of a person, a client or a model is left out."""
    said = completion.choices[0].text if completion.choices else ""
    return replace(
        completion,
        messages=(),
        params=_figures(completion.params) | _forms(completion.params),
        choices=tuple(_bare(choice) for choice in completion.choices),
        usage=None if completion.usage is None else _counts(completion.usage),
        parent_id=None,  # in a conversation the answer would be a message without its text
        error=None,  # engines quote what they refuse
        refused=is_refusal(said) if said else None,
    )


def _bare(choice: Choice) -> Choice:
    reason = choice.finish_reason if choice.finish_reason in _FINISH_REASONS else None
    return Choice(choice.index, "", reason)


def _figures(params: Json) -> dict[str, Any]:
    """Return the parameters that are numbers or switches."""
    return {name: value for name, value in params.items() if isinstance(value, int | float)}


def _forms(params: Json) -> dict[str, Any]:
    """Return which forms an answer had to fit, by which the controller knows what an engine had to compile."""
    text, choice = params.get("text"), params.get("tool_choice")
    found = {
        "response_format": _type(params.get("response_format")),
        "text": {"format": _type(text.get("format"))} if isinstance(text, Mapping) else None,
        "tools": len(params.get("tools") or ()) or None,
        "tool_choice": _type(choice) if isinstance(choice, Mapping) else choice,
    }
    return {name: value for name, value in found.items() if value is not None}


def _type(form: Any) -> dict[str, Any] | None:
    return {"type": form.get("type")} if isinstance(form, Mapping) else None


def _counts(usage: Json) -> dict[str, Any]:
    """Return the counts in an engine's usage, at any depth."""
    numbers = {name: value for name, value in usage.items() if isinstance(value, int | float)}
    return numbers | {name: _counts(value) for name, value in usage.items() if isinstance(value, Mapping)}
