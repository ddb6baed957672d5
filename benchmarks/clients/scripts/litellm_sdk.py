"""LiteLLM's SDK."""

import json
import os
from typing import Literal

import litellm
from pydantic import BaseModel

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


def complete(model="openai/attune", **more):
    where = {"api_base": os.environ["BASE_URL"], "api_key": os.environ["API_KEY"]}
    return litellm.completion(model=model, **({"messages": messages} | where | more))


def chat():
    return complete().choices[0].message.content


def stream():
    return [chunk.choices[0].delta.content or "" for chunk in complete(stream=True)]


def tools():
    asked = [{"role": "user", "content": "What is the weather in Paris?"}]
    first = complete(messages=asked, tools=[weather], tool_choice="required", parallel_tool_calls=False)
    message = first.choices[0].message
    call = message.tool_calls[0]
    turn = [*asked, message, {"role": "tool", "tool_call_id": call.id, "name": "get_weather", "content": "sunny"}]
    return [call.function.arguments, complete(messages=turn, tools=[weather]).choices[0].message.content]


def structured():
    return json.loads(complete(response_format=Verdict).choices[0].message.content)


def error():
    complete(model="openai/no-such-model")


def models():
    return litellm.get_valid_models(
        check_provider_endpoint=True,
        custom_llm_provider="openai",
        api_key=os.environ["API_KEY"],
        api_base=os.environ["BASE_URL"].removesuffix("/v1"),
    )


def usage():
    used = complete().usage
    return [used.prompt_tokens, used.completion_tokens]
