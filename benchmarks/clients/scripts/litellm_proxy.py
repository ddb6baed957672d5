"""LiteLLM's proxy in front of the gateway, asked with the official client."""

import atexit
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from openai import OpenAI

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
verdict = {
    "name": "verdict",
    "schema": {
        "type": "object",
        "properties": {"answer": {"enum": ["yes", "no"]}, "sure": {"type": "boolean"}},
        "required": ["answer", "sure"],
        "additionalProperties": False,
    },
}


MASTER_KEY = f"sk-{secrets.token_hex(24)}"


def start():
    """Starts `litellm --config`, and returns a client of it."""
    folder = Path(tempfile.mkdtemp())
    url, key = os.environ["BASE_URL"], os.environ["API_KEY"]
    (folder / "config.yaml").write_text(
        f"""
model_list:
  - model_name: attune
    litellm_params: {{model: openai/attune, api_base: {url}, api_key: {key}}}
  - model_name: wrong
    litellm_params: {{model: openai/no-such-model, api_base: {url}, api_key: {key}}}
general_settings: {{master_key: {MASTER_KEY}}}
"""
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    litellm = str(Path(sys.executable).parent / "litellm")
    command = [litellm, "--config", str(folder / "config.yaml"), "--host", "127.0.0.1", "--port", str(port)]
    proxy = subprocess.Popen(command, stdout=(folder / "log").open("w"), stderr=subprocess.STDOUT)
    atexit.register(proxy.kill)
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/liveliness", timeout=2)
            break
        except OSError:
            time.sleep(0.3)
    return OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key=MASTER_KEY, max_retries=0)


client = start()


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
    form = {"type": "json_schema", "json_schema": verdict}
    answer = client.chat.completions.create(model="attune", messages=messages, response_format=form)
    return json.loads(answer.choices[0].message.content)


def error():
    client.chat.completions.create(model="wrong", messages=messages)


def usage():
    used = client.chat.completions.create(model="attune", messages=messages).usage
    return [used.prompt_tokens, used.completion_tokens]
