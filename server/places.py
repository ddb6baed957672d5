"""How many of the places at the engines a request takes, and what is too much for one.

An answer takes one place. More takes whatever keeps an engine from the answers of others: long prompts, alternatives of
each token, and work on every token. vLLM formats an answer with log-probabilities in one go, in the process through
which all requests pass, and tokenizes there; so both are bounded (docs/decisions/0018).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.endpoints import DETOKENIZE, EMBEDDINGS, TOKENIZE, Endpoint, prompts
from server.errors import BadRequest

MOST_LOGPROBS = 2**15
"""Log-probabilities in one answer that is not a stream; each takes vLLM some microseconds at the end."""
MOST_TOKENIZED = 2**18
"""Characters that one request may have tokenized or, four to a token, detokenized."""

_CHARACTERS_PER_PLACE = 4096
_TOKENIZED_PER_PLACE = 1024
_LOGPROBS_PER_PLACE = 680
_EMBEDDINGS_PER_PLACE = 32
_CHARACTERS_PER_TOKEN = 4
_SHORTEST_TOKEN = 2
_UNBOUNDED_TOKENS = 1024
_BOUNDS = ("max_completion_tokens", "max_tokens", "max_output_tokens")
_NO_PENALTY = {"presence_penalty": 0, "frequency_penalty": 0, "repetition_penalty": 1}
_TEXTS = ("prompt", "messages", "input", "instructions", "tools", "tokens")


@dataclass(frozen=True, slots=True)
class Load:
    """What a request asks of an engine.

    Attributes:
        answers: Answers that are generated at once: prompts times choices.
        places: That it takes.
    """

    answers: int
    places: int

    def within(self, capacity: int) -> int:
        """The places that it takes of so many: two thirds at most, beyond its answers, or it would wait for all."""
        return min(self.places, max(self.answers, capacity * 2 // 3))


def load(endpoint: Endpoint, body: Mapping[str, Any], *, constrained: bool = False) -> Load:
    """Weighs a request.

    Args:
        endpoint: Which endpoint.
        body: The request, checked.
        constrained: Whether the answer must fit a schema: what is allowed is then worked out for each token.

    Raises:
        BadRequest: It asks for more log-probabilities or characters at once than one request may.
    """
    characters = _characters([body.get(name) for name in _TEXTS])
    if endpoint in (TOKENIZE, DETOKENIZE):
        _check_tokenized(endpoint, characters)
        return Load(1, max(1, characters // _TOKENIZED_PER_PLACE))
    if endpoint is EMBEDDINGS:
        answers = -(-prompts(body["input"]) // _EMBEDDINGS_PER_PLACE)
        return Load(answers, answers + characters // _CHARACTERS_PER_PLACE)
    answers = prompts(body.get("prompt", "")) * (body.get("n") or 1)
    logprobs = _logprobs(body, answers, characters)
    if not body.get("stream"):
        _check_logprobs(logprobs)
    each = 1 + _per_token(body) + (3 if constrained else 0)
    formatted = logprobs // _LOGPROBS_PER_PLACE
    return Load(answers, max(answers * each, formatted) + characters // _CHARACTERS_PER_PLACE)


def _per_token(body: Mapping[str, Any]) -> int:
    """Further places of an answer, for work at each of its tokens."""
    penalized = any(body.get(name) not in (None, none) for name, none in _NO_PENALTY.items())
    return _alternatives(body) // 4 + len(body.get("logit_bias") or ()) // 100 + penalized


def _alternatives(body: Mapping[str, Any]) -> int:
    """Whose log-probabilities are given with each token; the two endpoints call it differently."""
    wanted = body.get("logprobs")
    return int(body.get("top_logprobs") or (0 if isinstance(wanted, bool) else wanted) or 0)


def _logprobs(body: Mapping[str, Any], answers: int, characters: int) -> int:
    """How many log-probabilities an answer holds; without a bound on its tokens it is taken to be of usual length."""
    if body.get("logprobs") in (None, False) and not body.get("top_logprobs"):
        return 0
    tokens = answers * next((body[name] for name in _BOUNDS if body.get(name)), _UNBOUNDED_TOKENS)
    if body.get("echo"):
        known = not isinstance(_first(body.get("prompt")), str)
        shortest = _CHARACTERS_PER_TOKEN if known else _SHORTEST_TOKEN
        tokens += characters // shortest * (body.get("n") or 1)
    return int(tokens * (1 + _alternatives(body)))


def _first(prompt: Any) -> Any:
    while isinstance(prompt, list):
        prompt = prompt[0]
    return prompt


def _characters(value: Any) -> int:
    """Of all texts in a value; a token's number counts as four."""
    found, rest = 0, [value]
    while rest:
        one = rest.pop()
        if isinstance(one, str):
            found += len(one)
        elif isinstance(one, dict):
            rest.extend(one.values())
        elif isinstance(one, list):
            rest.extend(one)
        elif one is not None:
            found += _CHARACTERS_PER_TOKEN
    return found


def _check_tokenized(endpoint: Endpoint, characters: int) -> None:
    if characters <= MOST_TOKENIZED:
        return
    what = f"{characters} characters" if endpoint is TOKENIZE else f"{characters // _CHARACTERS_PER_TOKEN} tokens"
    most = MOST_TOKENIZED if endpoint is TOKENIZE else MOST_TOKENIZED // _CHARACTERS_PER_TOKEN
    raise BadRequest(f"This request holds {what}; {most} are allowed. Send it in parts.", code="too_long")


def _check_logprobs(logprobs: int) -> None:
    if logprobs > MOST_LOGPROBS:
        raise BadRequest(
            f"This request asks for about {logprobs} log-probabilities at once; {MOST_LOGPROBS} are allowed. Ask for "
            "fewer answers, tokens or alternatives, or for a stream.",
            param="logprobs",
            code="too_many_logprobs",
        )
