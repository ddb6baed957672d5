"""LlamaIndex's OpenAIResponses, over /v1/responses."""

import os
from typing import Literal

from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai import OpenAIResponses
from pydantic import BaseModel

QUESTION = ChatMessage(role="user", content="What is the capital of France?")


def model(name="attune"):
    return OpenAIResponses(
        model=name, api_base=os.environ["BASE_URL"], api_key=os.environ["API_KEY"], context_window=1024
    )


class Verdict(BaseModel):
    """A verdict."""

    answer: Literal["yes", "no"]
    sure: bool


def get_weather(city: Literal["Paris", "Oslo"]) -> str:
    """The weather in a city."""
    return "sunny"


def chat():
    return model().chat([QUESTION]).message.content


def stream():
    return [piece.delta or "" for piece in model().stream_chat([QUESTION])]


def tools():
    llm = model()
    weather = FunctionTool.from_defaults(get_weather)
    asked = ChatMessage(role="user", content="What is the weather in Paris?")
    first = llm.chat_with_tools([weather], user_msg=asked, tool_required=True)
    call = llm.get_tool_calls_from_response(first)[0]
    result = weather.call(**call.tool_kwargs)
    told = ChatMessage(role="tool", content=str(result), additional_kwargs={"call_id": call.tool_id})
    second = llm.chat_with_tools([weather], chat_history=[asked, first.message, told])
    return [call.tool_kwargs, second.message.content]


def structured():
    return model().as_structured_llm(Verdict).chat([QUESTION]).raw.model_dump()


def error():
    model("no-such-model").chat([QUESTION])


def usage():
    used = model().chat([QUESTION]).raw.usage
    return [used.input_tokens, used.output_tokens]
