"""Which rows the model's chat template can show: some templates refuse a system message, or two users in a row."""

from collections.abc import Callable

from jinja2 import TemplateError

from alignment.chat_tokens import ChatTokens
from alignment.preferences import Message
from alignment.snapshot.candidates import Collected

REFUSED = "template_refuses_roles"


def drop_refused_roles(collected: Collected, tokens: ChatTokens, say: Callable[[str], None]) -> None:
    """Drop and count the rows whose roles the template refuses; say each order of roles once, with the reason.

    Each order of roles is tried with one text, before anything is learned: a template's refusal hours later would name
    neither row nor roles.
    """
    refusals: dict[tuple[str, ...], str | None] = {}
    kept = []
    for candidate in collected.candidates:
        roles = tuple(message.role for message in candidate.row.prompt)
        if roles not in refusals:
            refusals[roles] = _refusal(roles, tokens)
            if refusals[roles] is not None:
                say(f"rows are dropped: the chat template refuses the roles {', '.join(roles)}: {refusals[roles]}")
        if refusals[roles] is None:
            kept.append(candidate)
        else:
            collected.drop(REFUSED)
    collected.candidates = kept


def _refusal(roles: tuple[str, ...], tokens: ChatTokens) -> str | None:
    prompt = [Message.model_validate({"role": role, "content": "text"}) for role in roles]
    try:
        tokens.prompt_ids(prompt)
    except TemplateError as error:
        return str(error)
    return None
