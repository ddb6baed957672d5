"""What is tried with each client, and what must come of it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.clients.scripted_engine import AFTER_A_TOOL, ANSWER

WRONG_MODEL = "no-such-model"
_VERDICT = {"answer": "yes", "sure": True}


def chat(gave: Any, scripted: bool) -> bool:
    """A text; of the scripted engine the one that it says."""
    return isinstance(gave, str) and (gave == ANSWER if scripted else bool(gave.strip()))


def stream(gave: Any, scripted: bool) -> bool:
    """Several pieces; of the scripted engine they make up what it says, or the last is the whole object."""
    return sum(map(bool, gave)) > 1 and (not scripted or ANSWER in "".join(gave) or json.loads(gave[-1]) == _VERDICT)


def tools(gave: Any, scripted: bool) -> bool:
    """The arguments of a call that fits its schema, and what was said after its result."""
    arguments, said = gave
    fits = any(city in str(arguments) for city in (("Paris",) if scripted else ("Paris", "Oslo")))
    return fits and isinstance(said, str) and (said.strip() == AFTER_A_TOOL if scripted else bool(said.strip()))


def structured(gave: Any, scripted: bool) -> bool:
    """An answer that fits the schema: `answer` is yes or no, and `sure` true or false."""
    fits = gave.keys() == {"answer", "sure"} and gave["answer"] in ("yes", "no") and isinstance(gave["sure"], bool)
    return fits and (not scripted or gave == _VERDICT)


def models(gave: Any, scripted: bool) -> bool:
    """A list with the name that all use."""
    return "attune" in gave


def usage(gave: Any, scripted: bool) -> bool:
    """Counts of tokens of the prompt and of the answer."""
    return all(isinstance(count, int) and count > 0 for count in gave)


CASES: Mapping[str, Callable[[Any, bool], bool]] = {
    "chat": chat,
    "stream": stream,
    "tools": tools,
    "structured": structured,
    "models": models,
    "usage": usage,
}
"""A model that there is not is tried too: the client must raise, and name the model or 404 (`ERROR`)."""
ERROR = "error"
NAMES = (*CASES, ERROR)


def complaint(case: str, outcome: Mapping[str, Any], scripted: bool) -> str | None:
    """Say what is wrong with the outcome of a case; None if nothing is.

    Args:
        case: One of `NAMES`.
        outcome: What `in_environment` wrote: `gave`, or `raised` and `message`.
        scripted: Whether the engine was the scripted one.
    """
    if case == ERROR:
        raised = outcome.get("message", "")
        named = WRONG_MODEL in raised or "404 Not Found" in raised
        return None if named else f"it did not say that the model is wrong: {outcome}"
    if "raised" in outcome:
        return f"{outcome['raised']}: {outcome['message']}"
    try:
        right = CASES[case](outcome["gave"], scripted)
    except (TypeError, ValueError, KeyError, AttributeError) as odd:
        return f"it gave {outcome['gave']!r}: {odd}"
    return None if right else f"it gave {outcome['gave']!r}"
