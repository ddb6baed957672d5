"""instructor: answers as pydantic models, over response_format and over tools."""

import os
from typing import Literal

import instructor
from openai import OpenAI
from pydantic import BaseModel

messages = [{"role": "user", "content": "What is the capital of France?"}]


class Verdict(BaseModel):
    """A verdict."""

    answer: Literal["yes", "no"]
    sure: bool


def client(mode):
    openai = OpenAI(base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"])
    return instructor.from_openai(openai, mode=mode)


def chat():
    return (
        client(instructor.Mode.TOOLS)
        .create(model="attune", messages=messages, response_model=None)
        .choices[0]
        .message.content
    )


def stream():
    partial = client(instructor.Mode.JSON_SCHEMA).create_partial(
        model="attune", messages=messages, response_model=Verdict
    )
    return [piece.model_dump_json() for piece in partial]


def structured():
    """Over response_format, and over a demanded call, which instructor takes by default."""
    asked = {"model": "attune", "messages": messages, "response_model": Verdict}
    by_format = client(instructor.Mode.JSON_SCHEMA).create(**asked)
    assert isinstance(by_format, Verdict)
    return client(instructor.Mode.TOOLS).create(**asked).model_dump()


def error():
    client(instructor.Mode.TOOLS).create(
        model="no-such-model", messages=messages, response_model=Verdict, max_retries=1
    )


def usage():
    _, raw = client(instructor.Mode.TOOLS).create_with_completion(
        model="attune", messages=messages, response_model=Verdict
    )
    return [raw.usage.prompt_tokens, raw.usage.completion_tokens]
