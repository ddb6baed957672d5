"""simonw/llm: the command line, with the gateway as one of its OpenAI-compatible models."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

LLM = str(Path(sys.executable).parent / "llm")
QUESTION = "What is the capital of France?"
folder = Path(tempfile.mkdtemp())
(folder / "extra-openai-models.yaml").write_text(
    f"""
- model_id: attune
  model_name: attune
  api_base: {os.environ["BASE_URL"]}
  api_key_name: attune
  supports_tools: true
  supports_schema: true
- model_id: wrong
  model_name: no-such-model
  api_base: {os.environ["BASE_URL"]}
  api_key_name: attune
"""
)
(folder / "keys.json").write_text(json.dumps({"attune": os.environ["API_KEY"]}))


def llm(*arguments):
    environment = os.environ | {"LLM_USER_PATH": str(folder)}
    done = subprocess.run([LLM, *arguments], env=environment, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return done


def chat():
    return llm("-m", "attune", "--no-stream", QUESTION).stdout.strip()


def stream():
    command = [LLM, "-m", "attune", QUESTION]
    environment = os.environ | {"LLM_USER_PATH": str(folder), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as child:
        return [piece.decode(errors="replace") for piece in iter(lambda: os.read(child.stdout.fileno(), 4096), b"")]


def tools():
    code = 'def get_weather(city: str) -> str:\n    "The weather in a city."\n    return "sunny"'
    answer = llm("-m", "attune", "--functions", code, "--td", "What is the weather in Paris?")
    return [answer.stderr, answer.stdout.strip()]


def structured():
    schema = {
        "type": "object",
        "properties": {"answer": {"enum": ["yes", "no"]}, "sure": {"type": "boolean"}},
        "required": ["answer", "sure"],
        "additionalProperties": False,
    }
    return json.loads(llm("-m", "attune", "--schema", json.dumps(schema), QUESTION).stdout)


def error():
    llm("-m", "wrong", QUESTION)


def usage():
    said = llm("-m", "attune", "-u", "--no-stream", QUESTION).stderr
    words = said.replace(",", " ").split()
    return [int(words[words.index("input") - 1]), int(words[words.index("output") - 1])]
