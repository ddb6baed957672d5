"""Open WebUI itself, with the gateway as its OpenAI connection, asked through its own API as its page does."""

import atexit
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

QUESTION = [{"role": "user", "content": "What is the capital of France?"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "enum": ["Paris", "Oslo"]}},
            "required": ["city"],
        },
    },
}


def start():
    """Starts Open WebUI without a login and without downloads, and returns its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(tempfile.mkdtemp())
    environment = os.environ | {
        "DATA_DIR": str(folder),
        "WEBUI_SECRET_KEY": secrets.token_hex(24),
        "WEBUI_AUTH": "False",
        "OPENAI_API_BASE_URL": os.environ["BASE_URL"],
        "OPENAI_API_KEY": os.environ["API_KEY"],
        "ENABLE_OLLAMA_API": "False",
        "OFFLINE_MODE": "True",
        "RAG_EMBEDDING_ENGINE": "openai",
    }
    program = str(Path(sys.executable).parent / "open-webui")
    command = [program, "serve", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    atexit.register(server.kill)
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2)
            return f"http://127.0.0.1:{port}"
        except OSError:
            time.sleep(0.5)
    raise RuntimeError((folder / "log").read_text()[-3000:])


def ask(path, body=None):
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url + path, data, headers), timeout=60) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as refused:
        raise RuntimeError(refused.read().decode()) from None


def complete(**more):
    return json.loads(ask("/api/chat/completions", {"model": "attune", "messages": QUESTION, "stream": False} | more))


token = ""
url = start()
token = json.loads(ask("/api/v1/auths/signin", {"email": "", "password": ""}))["token"]
ask("/api/models")


def chat():
    return complete()["choices"][0]["message"]["content"]


def stream():
    lines = ask("/api/chat/completions", {"model": "attune", "messages": QUESTION, "stream": True}).splitlines()
    events = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    return [event["choices"][0]["delta"].get("content") or "" for event in events if event.get("choices")]


def tools():
    asked = [{"role": "user", "content": "What is the weather in Paris?"}]
    demanded = {"tools": [WEATHER], "tool_choice": "required", "parallel_tool_calls": False}
    message = complete(messages=asked, **demanded)["choices"][0]["message"]
    call = message["tool_calls"][0]
    turn = [*asked, message, {"role": "tool", "tool_call_id": call["id"], "content": "sunny"}]
    said = complete(messages=turn, tools=[WEATHER])["choices"][0]["message"]["content"]
    return [call["function"]["arguments"], said]


def structured():
    schema = {
        "type": "object",
        "properties": {"answer": {"enum": ["yes", "no"]}, "sure": {"type": "boolean"}},
        "required": ["answer", "sure"],
    }
    form = {"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema}}
    return json.loads(complete(response_format=form)["choices"][0]["message"]["content"])


def models():
    return [model["id"] for model in json.loads(ask("/api/models"))["data"]]


def usage():
    used = complete()["usage"]
    return [used["prompt_tokens"], used["completion_tokens"]]
