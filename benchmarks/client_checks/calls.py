"""Makes the call of a check with the official client, as its user would write it."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import openai

from benchmarks.client_checks import outcome
from benchmarks.client_checks.check import Check
from benchmarks.client_checks.outcome import Facts, Outcome


def call(client: openai.OpenAI, check: Check) -> Outcome:
    """Makes the call of a check.

    Returns:
        What came of it; an exception of the client counts by its class, and any other one as itself.
    """
    try:
        return Outcome("answer", facts=_CALLS[check.route](client, check))
    except (openai.OpenAIError, ValueError, TypeError) as error:  # the latter where it cannot read the answer
        return Outcome(type(error).__name__, str(error))


def _chat(client: openai.OpenAI, check: Check) -> Facts:
    completions = client.chat.completions
    if check.helper == "parse":
        return outcome.chat_facts(_asked(completions.parse, check))
    if check.helper == "stream":
        with _asked(completions.stream, check) as stream:
            stream.until_done()
            return outcome.chat_facts(stream.get_final_completion())
    answer = _asked(completions.create, check)
    return outcome.chat_stream_facts(answer) if check.body.get("stream") else outcome.chat_facts(answer)


def _completions(client: openai.OpenAI, check: Check) -> Facts:
    answer = _asked(client.completions.create, check)
    return outcome.text_stream_facts(answer) if check.body.get("stream") else outcome.text_facts(answer)


def _responses(client: openai.OpenAI, check: Check) -> Facts:
    answer = _asked(client.responses.parse if check.helper == "parse" else client.responses.create, check)
    return outcome.response_stream_facts(answer) if check.body.get("stream") else outcome.response_facts(answer)


def _models(client: openai.OpenAI, check: Check) -> Facts:
    return {"served": check.body.get("model", "attune@v1") in {model.id for model in client.models.list()}}


def _model(client: openai.OpenAI, check: Check) -> Facts:
    model = client.models.retrieve(check.body["model"])
    return {"id": model.id, "length": (model.model_extra or {}).get("max_model_len")}


def _beside_v1(method: str, path: str) -> Callable[[openai.OpenAI, Check], Facts]:
    """Calls a route of vLLM that lies beside /v1."""

    def ask(client: openai.OpenAI, check: Check) -> Facts:
        beside = client.with_options(base_url=str(client.base_url).removesuffix("v1/"))
        if method == "GET":
            return {"status": beside.get(path, cast_to=httpx.Response).status_code}
        answer: Any = beside.post(path, body=dict(check.body), cast_to=object)
        return {name: answer.get(name) for name in ("tokens", "count", "prompt", "max_model_len")}

    return ask


def _asked(method: Callable[..., Any], check: Check) -> Any:
    """Calls a method of the client; what it has no parameter for goes into `extra_body`, as its users do."""
    known = inspect.signature(method).parameters
    own = {name: value for name, value in check.body.items() if name in known}
    more = {name: value for name, value in check.body.items() if name not in known}
    return method(**own, extra_body=more or None, extra_headers=dict(check.headers) or None)


_CALLS: Mapping[str, Callable[[openai.OpenAI, Check], Facts]] = {
    "chat": _chat,
    "completions": _completions,
    "responses": _responses,
    "models": _models,
    "model": _model,
    "tokenize": _beside_v1("POST", "/tokenize"),
    "detokenize": _beside_v1("POST", "/detokenize"),
    "ping": _beside_v1("GET", "/ping"),
    "health": _beside_v1("GET", "/health"),
    "version": _beside_v1("GET", "/version"),
}
