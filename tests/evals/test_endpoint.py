"""The client: what fails is asked again or counted, never lost; order, seeds and concurrency."""

from dataclasses import replace
from pathlib import Path

import pytest

from evals.chat import Prompt, asked
from evals.endpoint import Endpoint, Sampling, ask, converse, require_models
from evals.errors import UnusableEndpoint
from tests.evals.served import serve
from tests.fake_engine import Behaviour, FakeEngine

CHATS = [asked(f"question {number}") for number in range(12)]
GREEDY = Sampling(16)


def echo(messages: list[dict[str, str]]) -> str:
    return messages[-1]["content"]


async def test_answers_come_in_the_order_of_the_prompts_and_never_too_many_at_once(short_folder: Path) -> None:
    with serve(short_folder, {"m": echo}) as served:
        counted: list[None] = []
        answers = await ask(Endpoint(served.url, concurrency=3), "m", CHATS, GREEDY, lambda: counted.append(None))
        assert [answer.text for answer in answers] == [f"question {number}" for number in range(12)]
        assert len(counted) == 12
        assert served.most_running <= 3
        assert all(body["temperature"] == 0 and "seed" not in body for body in served.bodies)


async def test_each_prompt_is_sampled_from_a_seed_of_its_own(short_folder: Path) -> None:
    with serve(short_folder, {"m": echo}) as served:
        await ask(Endpoint(served.url, concurrency=1), "m", CHATS[:3], Sampling(16, 1.0, seed=40))
        assert [body["seed"] for body in served.bodies] == [40, 41, 42]
        assert all(body["temperature"] == 1.0 for body in served.bodies)


async def test_without_a_temperature_the_server_takes_its_own(short_folder: Path) -> None:
    with serve(short_folder, {"m": echo}) as served:
        await ask(Endpoint(served.url), "m", CHATS[:1], Sampling(16, None, seed=40))
        assert served.bodies[0]["seed"] == 40 and "temperature" not in served.bodies[0]


async def test_further_turns_come_after_the_models_own_answers(short_folder: Path) -> None:
    prompts = [Prompt(asked("one"), ("two", "three")), Prompt(asked("alone"))]
    counted: list[None] = []
    with serve(short_folder, {"m": lambda messages: f"{messages[-1]['content']}!"}) as served:
        found = await converse(
            Endpoint(served.url), "m", prompts, Sampling(16, 1.0, seed=40), lambda: counted.append(None)
        )
        last = max(served.bodies, key=lambda body: len(body["messages"]))
        assert sorted(body["seed"] for body in served.bodies) == [40, 40, 40, 41]
    assert [[answer.text for answer in given] for given in found] == [["one!", "two!", "three!"], ["alone!"]]
    assert [message["content"] for message in last["messages"]] == ["one", "one!", "two", "two!", "three"]
    assert [message["role"] for message in last["messages"]] == ["user", "assistant"] * 2 + ["user"]
    assert len(counted) == 4


async def test_a_prompt_ends_with_the_first_turn_that_gets_no_answer(short_folder: Path) -> None:
    counted: list[None] = []
    with serve(short_folder, {"m": echo}) as served:
        served.failures["m"] = [400]
        [found] = await converse(
            Endpoint(served.url), "m", [Prompt(asked("one"), ("two",))], GREEDY, lambda: counted.append(None)
        )
        assert len(served.bodies) == 1 and len(counted) == 2
    assert [answer.text for answer in found] == [None]


async def test_what_fails_for_a_while_is_asked_again(short_folder: Path) -> None:
    with serve(short_folder, {"m": echo}) as served:
        served.failures["m"] = [503, 429]
        [answer] = await ask(Endpoint(served.url, backoff_s=0.0), "m", CHATS[:1], GREEDY)
        assert answer.text == "question 0"
        assert len(served.bodies) == 3


@pytest.mark.parametrize(("status", "tries"), [(500, 3), (400, 1), (404, 1)])
async def test_what_keeps_failing_is_unanswered_with_its_reason(short_folder: Path, status: int, tries: int) -> None:
    with serve(short_folder, {"m": echo}) as served:
        served.failures["m"] = [status] * tries
        answers = await ask(Endpoint(served.url, concurrency=1, backoff_s=0.0), "m", CHATS[:2], GREEDY)
        assert answers[0].text is None and f"status {status}" in (answers[0].error or "")
        assert answers[1].text == "question 1"
        assert len(served.bodies) == tries + 1


async def test_a_server_that_is_gone_leaves_everything_unanswered(short_folder: Path) -> None:
    answers = await ask(Endpoint(f"unix://{short_folder}/none.sock", backoff_s=0.0), "m", CHATS, GREEDY)
    assert [answer.text for answer in answers] == [None] * 12
    assert "ConnectError" in (answers[0].error or "")


async def test_the_wire_format_of_vllm_over_http_with_a_key() -> None:
    async with FakeEngine() as engine:
        engine.behaviour = Behaviour(echo=True)
        endpoint = Endpoint(engine.url + "/v1", api_key="sk-test")
        [answer] = await ask(endpoint, "attune@v1", [asked("say this")], GREEDY)
        assert answer.text is not None and answer.text.split() == ["say", "this"]
        assert answer.finish_reason == "stop"
        assert engine.received[0].headers["Authorization"] == "Bearer sk-test"
        await require_models(endpoint, ["attune@v1"])
        with pytest.raises(UnusableEndpoint, match="attune@v2"):
            await require_models(endpoint, ["attune@v1", "attune@v2"])
        engine.behaviour = Behaviour(die_after=0)
        [broken] = await ask(replace(endpoint, backoff_s=0.0), "attune@v1", [asked("hi")], GREEDY)
        assert broken.text is None and broken.error


async def test_an_address_that_cannot_be_one_is_refused(short_folder: Path) -> None:
    with pytest.raises(UnusableEndpoint, match="localhost"):
        await ask(Endpoint("localhost:8000"), "m", CHATS, GREEDY)
    with pytest.raises(UnusableEndpoint, match="does not list its models"):
        await require_models(Endpoint(f"unix://{short_folder}/none.sock"), ["m"])
