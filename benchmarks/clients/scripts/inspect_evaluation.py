"""inspect_ai: a model as its evaluations use it."""

import asyncio
import os
import tempfile
from typing import Literal

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageTool, ChatMessageUser, GenerateConfig, ResponseSchema, get_model
from inspect_ai.scorer import includes
from inspect_ai.solver import generate
from inspect_ai.tool import tool
from inspect_ai.util import json_schema
from pydantic import BaseModel

QUESTION = "What is the capital of France?"


def model(name="attune", **config):
    return get_model(
        f"openai-api/attune/{name}",
        base_url=os.environ["BASE_URL"],
        api_key=os.environ["API_KEY"],
        config=GenerateConfig(max_retries=0, **config),
        memoize=False,
    )


class Verdict(BaseModel):
    answer: Literal["yes", "no"]
    sure: bool


@tool
def get_weather():
    async def execute(city: Literal["Paris", "Oslo"]) -> str:
        """The weather in a city.

        Args:
            city: Which city.
        """
        return "sunny"

    return execute


def chat():
    task = Task(dataset=[Sample(input=QUESTION, target="Paris")], solver=generate(), scorer=includes())
    (log,) = eval(task, model=model(), log_dir=tempfile.mkdtemp(), display="none")
    assert log.status == "success", log.error
    return log.samples[0].output.completion


def tools():
    async def two_turns():
        asked = [ChatMessageUser(content="What is the weather in Paris?")]
        first = await model(parallel_tool_calls=False).generate(asked, tools=[get_weather()], tool_choice="any")
        call = first.message.tool_calls[0]
        told = ChatMessageTool(content="sunny", tool_call_id=call.id, function=call.function)
        second = await model().generate([*asked, first.message, told], tools=[get_weather()])
        return [call.arguments, second.completion]

    return asyncio.run(two_turns())


def structured():
    shape = ResponseSchema(name="verdict", json_schema=json_schema(Verdict))
    answer = asyncio.run(model(response_schema=shape).generate(QUESTION))
    return Verdict.model_validate_json(answer.completion).model_dump()


def error():
    asyncio.run(model("no-such-model").generate(QUESTION))


def usage():
    used = asyncio.run(model().generate(QUESTION)).usage
    return [used.input_tokens, used.output_tokens]
