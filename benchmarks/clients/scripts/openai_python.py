"""The official Python client."""

import os
from typing import Literal

from openai import OpenAI
from pydantic import BaseModel

client = OpenAI(base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"])
messages = [{"role": "user", "content": "What is the capital of France?"}]
weather = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "enum": ["Paris", "Oslo"]}},
            "required": ["city"],
        },
    },
}


class Verdict(BaseModel):
    answer: Literal["yes", "no"]
    sure: bool


def chat():
    return client.chat.completions.create(model="attune", messages=messages).choices[0].message.content


def stream():
    chunks = client.chat.completions.create(model="attune", messages=messages, stream=True)
    return [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]


def tools():
    asked = [{"role": "user", "content": "What is the weather in Paris?"}]
    first = client.chat.completions.create(
        model="attune", messages=asked, tools=[weather], tool_choice="required", parallel_tool_calls=False
    )
    message = first.choices[0].message
    call = message.tool_calls[0]
    turn = [*asked, message, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    second = client.chat.completions.create(model="attune", messages=turn, tools=[weather])
    return [call.function.arguments, second.choices[0].message.content]


def structured():
    answer = client.chat.completions.parse(model="attune", messages=messages, response_format=Verdict)
    return answer.choices[0].message.parsed.model_dump()


def error():
    client.chat.completions.create(model="no-such-model", messages=messages)


def models():
    return [model.id for model in client.models.list()]


def usage():
    used = client.chat.completions.create(model="attune", messages=messages).usage
    return [used.prompt_tokens, used.completion_tokens]
