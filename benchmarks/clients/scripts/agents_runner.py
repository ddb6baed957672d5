"""OpenAI's Agents SDK over chat completions."""

import asyncio
import os
from typing import Literal

from agents import Agent, ModelSettings, OpenAIChatCompletionsModel, Runner, function_tool, set_tracing_disabled
from openai import AsyncOpenAI
from pydantic import BaseModel

set_tracing_disabled(True)
QUESTION = "What is the capital of France?"


def model(name="attune"):
    client = AsyncOpenAI(base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"])
    return OpenAIChatCompletionsModel(model=name, openai_client=client)


class Verdict(BaseModel):
    answer: Literal["yes", "no"]
    sure: bool


@function_tool
def get_weather(city: Literal["Paris", "Oslo"]) -> str:
    """The weather in a city."""
    return "sunny"


def chat():
    return Runner.run_sync(Agent(name="A", model=model()), QUESTION).final_output


def stream():
    async def pieces():
        result = Runner.run_streamed(Agent(name="A", model=model()), QUESTION)
        return [
            event.data.delta
            async for event in result.stream_events()
            if event.type == "raw_response_event" and event.data.type == "response.output_text.delta"
        ]

    return asyncio.run(pieces())


def tools():
    agent = Agent(
        name="A",
        model=model(),
        tools=[get_weather],
        model_settings=ModelSettings(tool_choice="required", parallel_tool_calls=False),
    )
    result = Runner.run_sync(agent, "What is the weather in Paris?")
    calls = [item.raw_item.arguments for item in result.new_items if item.type == "tool_call_item"]
    return [calls[0], result.final_output]


def structured():
    return Runner.run_sync(Agent(name="A", model=model(), output_type=Verdict), QUESTION).final_output.model_dump()


def error():
    Runner.run_sync(Agent(name="A", model=model("no-such-model")), QUESTION)


def usage():
    used = Runner.run_sync(Agent(name="A", model=model()), QUESTION).context_wrapper.usage
    return [used.input_tokens, used.output_tokens]
