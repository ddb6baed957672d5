"""pydantic-ai: agents with typed output."""

import asyncio
import os
from typing import Literal

from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput, ToolOutput
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

QUESTION = "What is the capital of France?"


def model(name="attune"):
    provider = OpenAIProvider(base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"])
    return OpenAIChatModel(name, provider=provider)


class Verdict(BaseModel):
    """A verdict."""

    answer: Literal["yes", "no"]
    sure: bool


def chat():
    return Agent(model()).run_sync(QUESTION).output


def stream():
    async def pieces():
        async with Agent(model()).run_stream(QUESTION) as answer:
            return [piece async for piece in answer.stream_text(delta=True, debounce_by=None)]

    return asyncio.run(pieces())


def tools():
    called = []
    agent = Agent(model())

    @agent.tool_plain
    def get_weather(city: Literal["Paris", "Oslo"]) -> str:
        """The weather in a city."""
        called.append({"city": city})
        return "sunny"

    def only_at_first(context):
        return {"tool_choice": "required", "parallel_tool_calls": False} if not called else {"tool_choice": "auto"}

    answer = agent.run_sync("What is the weather in Paris?", model_settings=only_at_first).output
    return [called[0], answer]


def structured():
    as_format = Agent(model(), output_type=NativeOutput(Verdict)).run_sync(QUESTION).output
    as_tool = Agent(model(), output_type=ToolOutput(Verdict)).run_sync(QUESTION).output
    assert isinstance(as_format, Verdict)
    return as_tool.model_dump()


def error():
    Agent(model("no-such-model")).run_sync(QUESTION)


def usage():
    result = Agent(model()).run_sync(QUESTION)
    used = result.usage() if callable(result.usage) else result.usage
    return [used.input_tokens, used.output_tokens]
