"""The fields of a request that are refused because to leave them out would hurt, each with its reason.

Every other unknown field is taken and ignored: nothing of it reaches an engine.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Refusal(NamedTuple):
    """Why a field is refused.

    Attributes:
        reason: What would go wrong, or what to use instead; it completes "is refused: …".
        harmless: The values that ask for nothing and are therefore ignored; null always is.
    """

    reason: str
    harmless: tuple[Any, ...] = ()


_UNBOUNDED = "free grammars and expressions can stall the engine; use response_format"
_STATELESS = "no earlier response is kept here; send the whole conversation as input"

REFUSALS: Mapping[str, Refusal] = {
    "audio": Refusal("only text is served"),
    "best_of": Refusal("only the first answers are returned here; use n", (1,)),
    "cache_salt": Refusal("the engine's cache is shared by all, so that the separation asked for does not exist"),
    "chat_template": Refusal("templates run as programs in the engine"),
    "chat_template_kwargs": Refusal("they change the model's template; a chat takes enable_thinking", ({},)),
    "conversation": Refusal(_STATELESS),
    "documents": Refusal("they reach the template unchecked; put them into a message", ([],)),
    "grammar": Refusal(_UNBOUNDED),
    "guided_choice": Refusal(_UNBOUNDED),
    "guided_grammar": Refusal(_UNBOUNDED),
    "guided_json": Refusal("use response_format"),
    "guided_regex": Refusal(_UNBOUNDED),
    "kv_transfer_params": Refusal("they address the caches of other engines", ({},)),
    "logits_processors": Refusal("they run as programs in the engine", ([],)),
    "previous_response_id": Refusal(_STATELESS),
    "prompt_embeds": Refusal("embeddings can crash the engine; send text or token ids"),
    "structured_outputs": Refusal(_UNBOUNDED),
    "suffix": Refusal("the engine cannot fill in between two texts", ("",)),
    "use_beam_search": Refusal("the engine cannot search for beams; use n", (False,)),
    "vllm_xargs": Refusal("they are arguments of the engine's plugins", ({},)),
}


def refused_field(body: Mapping[str, Any], known: Mapping[str, Any]) -> str | None:
    """Return the first field of a body that is refused; None if there is none.

    Args:
        body: The JSON object that a client sent.
        known: The fields that the endpoint takes; whether their values are allowed is checked elsewhere.
    """
    for name, value in body.items():
        refusal = None if name in known else REFUSALS.get(name)
        if refusal is not None and value is not None and not any(value == harmless for harmless in refusal.harmless):
            return name
    return None
