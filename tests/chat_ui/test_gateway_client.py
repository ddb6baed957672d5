"""What the gateway's answers, refusals and breakages become."""

import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from chat_ui.errors import BrokenOff, GatewayAway, GatewayError, Missing, MissingKey, Refused, StillStarting, TooLong
from chat_ui.events import settings_of, values_of
from chat_ui.gateway_client import GatewayClient, Question, load_key
from chat_ui.records import ChatSettings, Vote
from chat_ui.screen import empty_page

QUESTION = Question("conv_1", "msg_1", [{"role": "user", "content": "hi"}], ChatSettings(temperature=0.5, seed=3))


class Gateway(httpx.AsyncBaseTransport):
    """Answers every request with the same response and keeps the last request."""

    def __init__(self, response: httpx.Response | Exception) -> None:
        self.response = response
        self.request: httpx.Request | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.request = request
        if isinstance(self.response, Exception):
            raise self.response
        return self.response

    def client(self) -> GatewayClient:
        return GatewayClient("http://gateway", "sk-attune-x", transport=self)


def refusal(
    status: int, message: str, param: str | None = None, code: str | None = None, **headers: str
) -> httpx.Response:
    body = {"error": {"message": message, "param": param, "code": code}}
    return httpx.Response(status, json=body, headers=headers)


def stream(*events: str) -> httpx.Response:
    return httpx.Response(200, content="".join(f"data: {event}\n\n" for event in events))


async def answer(response: httpx.Response | Exception) -> list[str]:
    client = Gateway(response).client()
    pieces = [delta.text async for delta in client.answer("ada", QUESTION)]
    await client.close()
    return pieces


async def test_a_stream_is_read_to_its_end() -> None:
    event = '{"id": "chatcmpl-1", "choices": [{"delta": {"content": "%s"}}]}'
    role, usage = '{"id": "chatcmpl-1", "choices": [{"delta": {"role": "assistant"}}]}', '{"id": "x", "choices": []}'
    assert await answer(stream(role, event % "Hel", event % "lo", usage, "[DONE]")) == ["", "Hel", "lo", ""]


async def test_a_temporary_chat_stands_in_no_conversation_and_says_how_much_is_kept() -> None:
    gateway = Gateway(stream("[DONE]"))
    temporary = Question(None, None, QUESTION.messages, keep="nothing")
    assert [delta async for delta in gateway.client().answer("ada", temporary)] == []
    assert gateway.request is not None
    assert gateway.request.headers["x-attune-keep"] == "nothing"
    assert "metadata" not in json.loads(gateway.request.content)


async def test_the_request_names_user_place_and_settings() -> None:
    gateway = Gateway(stream("[DONE]"))
    assert [delta async for delta in gateway.client().answer("ada", QUESTION)] == []
    assert gateway.request is not None
    assert gateway.request.headers["x-attune-user"] == "ada"
    assert gateway.request.headers["authorization"] == "Bearer sk-attune-x"
    body = httpx.Response(200, content=gateway.request.content).json()
    assert body["metadata"] == {"conversation_id": "conv_1", "parent_id": "msg_1"}
    assert (body["temperature"], body["seed"], body["stream"]) == (0.5, 3, True)
    assert "max_tokens" not in body


async def test_settings_that_are_empty_are_left_to_the_model() -> None:
    gateway = Gateway(stream("[DONE]"))
    untouched = settings_of("", {"temperature": "", "top_p": " ", "max_tokens": "", "seed": ""})
    question = Question("conv_1", "msg_1", QUESTION.messages, untouched)
    assert [delta async for delta in gateway.client().answer("ada", question)] == []
    assert gateway.request is not None
    body = httpx.Response(200, content=gateway.request.content).json()
    assert body.keys() == {"model", "messages", "stream", "metadata"}


def test_a_setting_that_does_not_fit_leaves_the_others() -> None:
    typed = {"temperature": "0,2", "top_p": "7", "max_tokens": "x", "seed": "3"}
    assert settings_of(" be brief", typed) == ChatSettings(system_prompt=" be brief", temperature=0.2, seed=3)


async def test_empty_settings_show_how_the_model_samples_by_itself() -> None:
    said = {"id": "attune", "default_sampling": {"temperature": 0.7, "top_p": 0.95}}
    own = await Gateway(httpx.Response(200, json=said)).client().own_sampling("ada")
    temperature, top_p, *_ = values_of(replace(empty_page(), own_sampling=own))[-4:]
    assert (temperature["value"], temperature["placeholder"]) == ("", "0.7, the model's own")
    assert (top_p["value"], top_p["placeholder"]) == ("", "0.95, the model's own")
    assert await Gateway(refusal(404, "no model")).client().own_sampling("ada") is None


@pytest.mark.parametrize(
    "events",
    [
        (),
        ('{"id": "chatcmpl-1", "choices": []}',),
        ('{"error": {"message": "The engine died"}}',),
        ("not json",),
        ("[]",),
        ('{"choices": []}',),
    ],
)
async def test_a_stream_that_does_not_end_as_it_should_has_broken_off(events: tuple[str, ...]) -> None:
    with pytest.raises(BrokenOff):
        await answer(stream(*events))


@pytest.mark.parametrize(
    ("response", "kind", "sentence"),
    [
        (httpx.ConnectError("refused"), GatewayAway, "cannot be reached"),
        (
            refusal(429, "x", **{"retry-after": "7"}),
            GatewayAway,
            "Too many requests right now. Please try again in 7 s.",
        ),
        (refusal(503, "The model is loading"), GatewayAway, "The model is loading. Please try again in a moment."),
        (refusal(500, "secret detail"), GatewayAway, "its log says more"),
        (refusal(401, "x"), Refused, "key"),
        (refusal(404, "x"), Missing, "not there"),
        (refusal(413, "x"), TooLong, "too long"),
        (refusal(400, "context", code="context_length_exceeded"), TooLong, "context."),
        (refusal(400, "temperature must be at most 2"), Refused, "temperature must be at most 2."),
        (httpx.Response(502, text="<html>"), GatewayAway, "status 502"),
        (
            refusal(502, "The engine answered 500: my-model@v7", code="engine_error"),
            GatewayAway,
            "^The model could not answer. Please try again in a moment.$",
        ),
        (
            refusal(503, "The engine of attune@v12 is starting: warm-up", code="no_engine_ready"),
            StillStarting,
            "^The model is still starting; that can take some minutes.$",
        ),
        (
            refusal(503, "The engine of attune@v12 is failed: no memory", code="no_engine_ready"),
            GatewayAway,
            "^The engine of the model is failed: no memory. Please",
        ),
        (httpx.Response(422, json=["x"]), Refused, "status 422"),
    ],
)
async def test_a_refusal_is_a_sentence(
    response: httpx.Response | Exception, kind: type[Exception], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        await answer(response)


@pytest.mark.parametrize("content", ["", "null", "[]", '{"id": 1}', "<html>"])
async def test_an_unreadable_answer_is_an_error_of_ours_and_not_a_crash(content: str) -> None:
    with pytest.raises(GatewayError, match="does not understand"):
        await Gateway(httpx.Response(200, text=content)).client().tree("ada", "conv_1")


async def test_a_stream_that_an_engine_ends_does_not_say_which_it_was() -> None:
    error = '{"error": {"message": "my-model@v7 was unloaded", "code": "engine_error"}}'
    with pytest.raises(BrokenOff, match=r"^The answer broke off: The model could not answer\.$"):
        await answer(stream(error))


@pytest.mark.parametrize(
    ("user", "rater"),
    [
        ("browser-" + "a" * 32 + "-" + "b" * 32, "browser-" + "a" * 32),
        ("browser-" + "c" * 32, "browser-" + "c" * 32),
    ],
)
async def test_every_call_says_which_rater_a_browser_counts_as(user: str, rater: str) -> None:
    gateway = Gateway(httpx.Response(200, json={}))
    await gateway.client().vote(user, "chatcmpl-1", 0, Vote(value=1))
    assert gateway.request is not None
    assert gateway.request.headers["x-attune-user"] == user
    assert gateway.request.headers["x-attune-counts-as"] == rater


async def test_an_id_from_a_browser_stays_one_part_of_the_path() -> None:
    gateway = Gateway(refusal(404, "x"))
    with pytest.raises(Missing):
        await gateway.client().tree("ada", "../feedback?x=1#")
    assert gateway.request is not None
    assert gateway.request.url.raw_path == b"/v1/conversations/..%2Ffeedback%3Fx%3D1%23"


async def test_a_vote_leaves_out_what_is_empty() -> None:
    gateway = Gateway(httpx.Response(200, json={}))
    await gateway.client().vote("ada", "chatcmpl-1", 0, Vote(value=-1, reasons=("rude",), comment=None))
    assert gateway.request is not None
    body = httpx.Response(200, content=gateway.request.content).json()
    assert body == {
        "completion_id": "chatcmpl-1",
        "choice_index": 0,
        "source": "chat_ui",
        "value": -1,
        "reasons": ["rude"],
    }


def test_settings_of_another_client_that_do_not_fit_become_the_defaults() -> None:
    from chat_ui.records import Conversation

    stored = {"id": "conv_1", "updated_at": "2026-11-23T12:00:00Z", "settings": {"temperature": "hot"}}
    assert Conversation.model_validate(stored).settings == ChatSettings()


def test_a_missing_or_empty_key_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingKey, match="attune keys create"):
        load_key(tmp_path / "none")
    (tmp_path / "empty").write_text(" \n")
    with pytest.raises(MissingKey, match="empty"):
        load_key(tmp_path / "empty")
