"""LangChain's ChatOpenAI."""

import os
from typing import Literal

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

QUESTION = "What is the capital of France?"


def model(**more):
    return ChatOpenAI(model="attune", base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"], **more)


class Verdict(BaseModel):
    """A verdict."""

    answer: Literal["yes", "no"]
    sure: bool


@tool
def get_weather(city: Literal["Paris", "Oslo"]) -> str:
    """The weather in a city."""
    return "sunny"


def chat():
    return model().invoke(QUESTION).content


def stream():
    return [chunk.content for chunk in model().stream(QUESTION)]


def tools():
    asked = [HumanMessage("What is the weather in Paris?")]
    first = model().bind_tools([get_weather], tool_choice="any", parallel_tool_calls=False).invoke(asked)
    call = first.tool_calls[0]
    result = ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"])
    second = model().bind_tools([get_weather]).invoke([*asked, first, result])
    return [call["args"], second.content]


def structured():
    return model().with_structured_output(Verdict).invoke(QUESTION).model_dump()


def error():
    ChatOpenAI(model="no-such-model", base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"]).invoke(QUESTION)


def usage():
    used = model().invoke(QUESTION).usage_metadata
    return [used["input_tokens"], used["output_tokens"]]
