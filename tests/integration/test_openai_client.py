"""The official `openai` client, sync and async, on Attune with a real vLLM. Every test runs with both."""

import inspect
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import openai
import pytest

from tests.stack import Stack

pytestmark = pytest.mark.engine

Client = openai.OpenAI | openai.AsyncOpenAI
MESSAGES: Any = [{"role": "user", "content": "Hello, who are you?"}]
YES_OR_NO: Any = {
    "type": "object",
    "properties": {"answer": {"type": "string", "enum": ["yes", "no"]}},
    "required": ["answer"],
    "additionalProperties": False,
}
STRUCTURED: Any = {"max_tokens": 500, "seed": 3}


@pytest.fixture(params=[openai.OpenAI, openai.AsyncOpenAI], ids=["sync", "async"])
async def connect(request: pytest.FixtureRequest, stack: Stack) -> AsyncIterator[Callable[..., Client]]:
    """Makes clients, by default with the key of an app; none of them retries."""
    made: list[Client] = []

    def make(key: str = stack.secrets.app, timeout_s: float = 60) -> Client:
        client: Client = request.param(base_url=stack.base_url, api_key=key, max_retries=0, timeout=timeout_s)
        made.append(client)
        return client

    yield make
    for client in made:
        await settled(client.close())


@pytest.fixture
def client(connect: Callable[..., Client]) -> Client:
    return connect()


async def settled(value: Any) -> Any:
    """The value, awaited if the client is the async one."""
    return await value if inspect.isawaitable(value) else value


async def chat(client: Client, **fields: Any) -> Any:
    return await settled(client.chat.completions.create(**{"model": "attune", "messages": MESSAGES, **fields}))


async def items(stream: Any) -> list[Any]:
    """All items of a stream."""
    stream = await settled(stream)
    return [item async for item in stream] if hasattr(stream, "__aiter__") else list(stream)


async def test_chat_answers_with_an_id_a_version_and_usage(client: Client) -> None:
    answer = await chat(client, max_tokens=8)
    assert answer.id.startswith("chatcmpl-")
    assert answer.model == "attune@v1"
    assert answer.choices[0].finish_reason in {"stop", "length"}
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert 1 <= answer.usage.completion_tokens <= 8


async def test_a_stream_says_the_same_as_the_whole_answer(client: Client) -> None:
    whole = await chat(client, max_tokens=24, temperature=0)
    chunks = await items(chat(client, max_tokens=24, temperature=0, stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == whole.choices[0].message.content
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == whole.choices[0].finish_reason
    assert len({c.id for c in chunks}) == 1


async def test_include_usage_ends_the_stream_with_the_usage(client: Client) -> None:
    options = {"include_usage": True}
    chunks = await items(chat(client, max_tokens=5, stream=True, stream_options=options))
    assert chunks[-1].choices == []
    assert 1 <= chunks[-1].usage.completion_tokens <= 5


async def test_n_gives_that_many_choices(client: Client) -> None:
    answer = await chat(client, n=3, max_tokens=4)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]


async def test_stop_ends_the_answer_before_it(client: Client) -> None:
    fixed: Any = {"max_tokens": 24, "temperature": 0}
    text = (await chat(client, **fixed)).choices[0].message.content
    stop = next(c for c in text[2:] if c.isascii() and c.isprintable())
    answer = await chat(client, stop=[stop], **fixed)
    assert answer.choices[0].message.content == text.split(stop)[0]
    assert answer.choices[0].finish_reason == "stop"


async def test_the_same_seed_gives_the_same_answer_and_another_seed_another(client: Client) -> None:
    fixed: Any = {"max_tokens": 24, "temperature": 1.5, "extra_body": {"ignore_eos": True}}
    texts = [(await chat(client, seed=seed, **fixed)).choices[0].message.content for seed in (1, 1, 2)]
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


async def test_max_tokens_cuts_the_answer(client: Client) -> None:
    answer = await chat(client, max_tokens=3, extra_body={"ignore_eos": True})
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 3


async def test_logprobs_come_for_every_token(client: Client) -> None:
    answer = await chat(client, max_tokens=4, logprobs=True, top_logprobs=2, extra_body={"ignore_eos": True})
    tokens = answer.choices[0].logprobs.content
    assert len(tokens) == 4
    assert all(token.logprob <= 0 and len(token.top_logprobs) >= 2 for token in tokens)


async def test_a_json_schema_is_followed(client: Client) -> None:
    schema = {"type": "json_schema", "json_schema": {"name": "verdict", "schema": YES_OR_NO, "strict": True}}
    answer = await chat(client, response_format=schema, **STRUCTURED)
    assert json.loads(answer.choices[0].message.content)["answer"] in {"yes", "no"}


OPEN: Any = {name: value for name, value in YES_OR_NO.items() if name != "additionalProperties"}
SURE: Any = {"type": "object", "properties": {"sure": {"type": "boolean"}}, "required": ["sure"]}


@pytest.mark.parametrize("schema", [OPEN, {"allOf": [OPEN, SURE]}], ids=["one object", "two objects at once"])
async def test_an_answer_ends_though_its_schema_does_not_speak_of_other_properties(client: Client, schema: Any) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema}}
    answer = await chat(client, response_format=form, seed=3, max_tokens=60)
    text = answer.choices[0].message.content
    assert "answer" in text
    if schema is OPEN:
        assert answer.choices[0].finish_reason == "stop"
        assert json.loads(text).keys() == {"answer"}


async def test_a_named_tool_is_called_with_fitting_arguments(client: Client) -> None:
    tool = {"type": "function", "function": {"name": "decide", "parameters": YES_OR_NO, "strict": True}}
    choice = {"type": "function", "function": {"name": "decide"}}
    answer = await chat(client, tools=[tool], tool_choice=choice, **STRUCTURED)
    (call,) = answer.choices[0].message.tool_calls
    assert call.function.name == "decide"
    assert json.loads(call.function.arguments)["answer"] in {"yes", "no"}


async def test_a_streamed_tool_call_is_the_same_call(client: Client) -> None:
    tool = {"type": "function", "function": {"name": "decide", "parameters": YES_OR_NO, "strict": True}}
    choice = {"type": "function", "function": {"name": "decide"}}
    chunks = await items(chat(client, tools=[tool], tool_choice=choice, stream=True, **STRUCTURED))
    calls = [call for c in chunks if c.choices for call in c.choices[0].delta.tool_calls or []]
    assert [call.function.name for call in calls if call.function.name] == ["decide"]
    arguments = "".join(call.function.arguments or "" for call in calls)
    assert json.loads(arguments)["answer"] in {"yes", "no"}


async def test_completions_answer_whole_and_streamed(client: Client) -> None:
    fields: Any = {"model": "attune", "prompt": "Hello", "max_tokens": 8, "temperature": 0}
    whole = await settled(client.completions.create(**fields))
    chunks = await items(client.completions.create(stream=True, **fields))
    assert whole.id.startswith("cmpl-")
    assert "".join(c.choices[0].text for c in chunks if c.choices) == whole.choices[0].text


async def test_responses_answer_whole_and_streamed(client: Client) -> None:
    fields: Any = {"model": "attune", "input": "Hello", "max_output_tokens": 8, "temperature": 0}
    whole = await settled(client.responses.create(**fields))
    events = await items(client.responses.create(stream=True, **fields))
    assert whole.id.startswith("resp_")
    assert events[0].type == "response.created"
    assert events[-1].type in {"response.completed", "response.incomplete"}
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == whole.output_text


async def test_models_lists_the_alias_and_the_version(client: Client) -> None:
    listed = await items(client.models.list())
    assert {model.id for model in listed} == {"attune", "attune@v1"}
    assert (await settled(client.models.retrieve("attune@v1"))).id == "attune@v1"


async def test_a_version_can_be_asked_for_by_name(client: Client) -> None:
    raw = await settled(client.chat.completions.with_raw_response.create(model="attune@v1", messages=MESSAGES))
    assert raw.headers["x-attune-version"] == "attune@v1"
    assert raw.parse().id == f"chatcmpl-{raw.headers['x-request-id']}"


async def test_a_stored_completion_is_found_and_deleted(client: Client) -> None:
    answer = await chat(client, max_tokens=8)
    stored = await settled(client.chat.completions.retrieve(answer.id))
    assert stored.id == answer.id
    assert stored.choices[0].message.content == answer.choices[0].message.content
    assert stored.usage.total_tokens == answer.usage.total_tokens
    deleted = await settled(client.chat.completions.delete(answer.id))
    assert deleted.deleted
    with pytest.raises(openai.NotFoundError):
        await settled(client.chat.completions.retrieve(answer.id))


async def test_feedback_is_stored_and_changes_of_mind_replace_it(client: Client) -> None:
    answer = await chat(client, max_tokens=4)
    for value in (1, -1):
        vote = {"completion_id": answer.id, "value": value, "reasons": ["too long"], "comment": "No."}
        stored = await settled(client.post("/feedback", body=vote, cast_to=object))
        assert stored["id"].startswith("fb_")
    query = {"query": {"completion_id": answer.id}}
    listed = await settled(client.get("/feedback", options={"params": query["query"]}, cast_to=object))
    assert {row["value"] for row in listed["data"]} >= {-1}


async def test_a_wrong_key_raises_authentication_error(connect: Callable[..., Client]) -> None:
    with pytest.raises(openai.AuthenticationError) as refused:
        await chat(connect("sk-attune-00000000-" + "0" * 64))
    assert refused.value.type == "authentication_error"


async def test_a_missing_scope_raises_permission_denied_error(connect: Callable[..., Client], stack: Stack) -> None:
    client = connect(stack.secrets.inference)
    answer = await chat(client, max_tokens=2)
    with pytest.raises(openai.PermissionDeniedError) as refused:
        await settled(client.post("/feedback", body={"completion_id": answer.id, "value": 1}, cast_to=object))
    assert refused.value.type == "permission_error"


async def test_feedback_on_a_strangers_answer_is_refused(connect: Callable[..., Client], stack: Stack) -> None:
    answer = await chat(connect(), max_tokens=2)
    stranger = connect(stack.secrets.stranger)
    with pytest.raises((openai.NotFoundError, openai.PermissionDeniedError)):
        await settled(stranger.post("/feedback", body={"completion_id": answer.id, "value": 1}, cast_to=object))


async def test_an_unknown_model_raises_not_found_error(client: Client) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        await chat(client, model="gpt-9")
    assert "gpt-9" in refused.value.message


async def test_a_dangerous_field_raises_bad_request_error_that_names_it(client: Client) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        await chat(client, extra_body={"chat_template": "{{ 1 }}"})
    assert "chat_template" in refused.value.message


async def test_what_only_the_engine_refuses_raises_bad_request_error(client: Client) -> None:
    with pytest.raises(openai.BadRequestError):
        await chat(client, logit_bias={"99999999": 1})


async def test_too_many_requests_raise_rate_limit_error(connect: Callable[..., Client], stack: Stack) -> None:
    client = connect(stack.secrets.limited)
    with pytest.raises(openai.RateLimitError) as refused:
        for _ in range(3):
            await chat(client, max_tokens=1)
    assert int(refused.value.response.headers["retry-after"]) >= 1


async def test_a_short_timeout_raises_api_timeout_error(connect: Callable[..., Client]) -> None:
    with pytest.raises(openai.APITimeoutError):
        await chat(connect(timeout_s=0.05), max_tokens=400, n=8, extra_body={"ignore_eos": True})


async def test_a_reused_idempotency_key_raises_conflict_error(client: Client) -> None:
    answer = await chat(client, max_tokens=2)
    options: Any = {"headers": {"Idempotency-Key": answer.id}}

    def vote(value: int) -> Any:
        body = {"completion_id": answer.id, "value": value}
        return settled(client.post("/feedback", body=body, cast_to=object, options=options))

    first, second = await vote(1), await vote(1)
    assert first["id"] == second["id"]
    with pytest.raises(openai.ConflictError):
        await vote(-1)


@pytest.mark.parametrize("kept", ["metadata", "nothing"])
async def test_an_answer_whose_text_is_not_kept_cannot_be_retrieved(client: Client, kept: str) -> None:
    less: Any = {"store": False} if kept == "metadata" else {"extra_headers": {"X-Attune-Keep": "nothing"}}
    answer = await chat(client, max_tokens=2, **less)
    streamed = await items(chat(client, max_tokens=2, stream=True, **less))
    response = await settled(client.responses.create(model="attune", input="Hi", max_output_tokens=2, **less))
    ids = [answer.id, streamed[0].id, response.id]
    assert len(set(ids)) == 3
    assert [("unkept-" in name) for name in ids] == [kept == "nothing"] * 3
    with pytest.raises(openai.NotFoundError, match="kept"):
        await settled(client.chat.completions.retrieve(answer.id))


async def test_a_vote_on_no_such_choice_raises_unprocessable_entity_error(client: Client) -> None:
    answer = await chat(client, max_tokens=2)
    body = {"completion_id": answer.id, "value": 1, "choice_index": 5}
    with pytest.raises(openai.UnprocessableEntityError):
        await settled(client.post("/feedback", body=body, cast_to=object))
