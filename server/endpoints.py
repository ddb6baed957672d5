"""The generating endpoints: what each takes, what its answers are called, and what of a request goes to the engine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.control_tokens import ControlTokens
from server.enforceable import with_enforceable_schemas
from server.requests.chat import ChatRequest
from server.requests.embeddings import EmbeddingsRequest
from server.requests.fields import OpenAIModel
from server.requests.responses import ResponsesRequest
from server.requests.text import TextRequest
from server.requests.tokens import DetokenizeRequest, TokenizeRequest
from server.requests.tools import without_allowed_tools
from server.transcript import ChatTranscript, ResponseTranscript, TextTranscript, Transcript, UnrecordedTranscript


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One generating endpoint.

    Attributes:
        path: The same here and at the engine.
        id_prefix: What the ids of its answers begin with.
        request_model: What it takes.
        transcript: What reads its answers.
        escaped: The fields in whose strings control tokens are broken.
        recorded: Whether its answers are stored.
        usage_if_asked: Whether its streams say how many tokens they have only where `stream_options` ask for it.
    """

    path: str
    id_prefix: str
    request_model: type[OpenAIModel]
    transcript: type[Transcript]
    escaped: tuple[str, ...] = ()
    recorded: bool = True
    usage_if_asked: bool = False

    def constrained(self, params: Mapping[str, Any]) -> bool:
        """Whether a request demands an answer that fits a JSON schema."""
        return any(params.get(name) for name in ("response_format", "text", "tools"))

    def escape(self, body: dict[str, Any], tokens: ControlTokens) -> dict[str, Any]:
        """Returns the body with control tokens broken where people's text stands."""
        return body | {name: tokens.escape(body[name]) for name in self.escaped if name in body}


CHAT = Endpoint(
    "/v1/chat/completions",
    "chatcmpl-",
    ChatRequest,
    ChatTranscript,
    escaped=("messages", "tools"),
    usage_if_asked=True,
)
TEXT = Endpoint("/v1/completions", "cmpl-", TextRequest, TextTranscript, usage_if_asked=True)
RESPONSES = Endpoint(
    "/v1/responses",
    "resp_",
    ResponsesRequest,
    ResponseTranscript,
    escaped=("input", "instructions", "tools"),
)
EMBEDDINGS = Endpoint("/v1/embeddings", "embd-", EmbeddingsRequest, UnrecordedTranscript, recorded=False)
TOKENIZE = Endpoint(
    "/tokenize", "", TokenizeRequest, UnrecordedTranscript, escaped=("messages", "tools"), recorded=False
)
DETOKENIZE = Endpoint("/detokenize", "", DetokenizeRequest, UnrecordedTranscript, recorded=False)
ENDPOINTS = (CHAT, TEXT, RESPONSES, EMBEDDINGS, TOKENIZE, DETOKENIZE)

# Ours, or OpenAI's for its own service: they mean nothing to an engine.
_KEPT_HERE = frozenset({"user", "metadata", "store", "safety_identifier", "modalities", "background"})


def prompts(prompt: Any) -> int:
    """Returns how many prompts there are: one for a text or a list of token ids, else as many as are in the list."""
    return len(prompt) if isinstance(prompt, list) and not isinstance(prompt[0], int) else 1


def upstream_body(endpoint: Endpoint, body: dict[str, Any], completion_id: str) -> dict[str, Any]:
    """Returns what is sent to an engine, but for `model`: each engine may have its own name for it.

    Args:
        endpoint: Which endpoint.
        body: The request, checked, with control tokens broken.
        completion_id: The id that the answer is to have.
    """
    whole = with_enforceable_schemas(body)
    sent = {name: value for name, value in whole.items() if value is not None and name not in _KEPT_HERE}
    if endpoint is CHAT:
        return without_allowed_tools(sent)
    if endpoint is RESPONSES:
        sent["request_id"] = completion_id  # vLLM takes the other endpoints' from the header X-Request-Id
        sent["store"] = False
    return sent


def recorded_messages(endpoint: Endpoint, sent: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the messages of a request; empty where its prompt is not a list of messages."""
    if endpoint is CHAT:
        return list(sent["messages"])
    if endpoint is not RESPONSES:
        return []
    items = sent["input"]
    messages = [{"role": "user", "content": items}] if isinstance(items, str) else [_message(item) for item in items]
    if any(message is None for message in messages):
        return []
    instructions = sent.get("instructions")
    system = [{"role": "system", "content": instructions}] if instructions else []
    return [*system, *(message for message in messages if message is not None)]


def recorded_params(endpoint: Endpoint, body: dict[str, Any]) -> dict[str, Any]:
    """Returns the other fields of a request, as the client sent them."""
    apart = {"messages"} if endpoint is CHAT else set()
    return {name: value for name, value in body.items() if name not in apart}


def _message(item: dict[str, Any]) -> dict[str, Any] | None:
    """An input item of /v1/responses as a message; None if it is none."""
    if item.get("type", "message") != "message":
        return None
    content = item["content"]
    text = content if isinstance(content, str) else "".join(part["text"] for part in content)
    return {"role": item["role"], "content": text}
