"""guidellm: a short load test, streamed chat completions of synthetic text."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

GUIDELLM = str(Path(sys.executable).parent / "guidellm")


def load(model="attune"):
    folder = Path(tempfile.mkdtemp())
    backend = f"kind=openai_http,target={os.environ['BASE_URL'].removesuffix('/v1')},model={model}"
    command = [GUIDELLM, "run", "--disable-console-interactive"]
    command += ["--backend", f"{backend},api_key={os.environ['API_KEY']}"]
    command += ["--profile", "kind=synchronous", "--constraint", "kind=max_requests,count=3"]
    command += ["--tokenizer", f"kind=huggingface_auto,model={os.environ['TOKENIZER']}"]
    command += ["--data", "kind=synthetic_text,prompt_tokens=16,output_tokens=8"]
    command += ["--output", f"kind=json,path={folder}/report.json"]
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200)
    if done.returncode:
        raise RuntimeError((done.stdout + done.stderr)[-1500:])
    (benchmark,) = json.loads((folder / "report.json").read_text())["benchmarks"]
    return benchmark["requests"]


def stream():
    """The outputs of its requests, each of which it has read as a stream."""
    return [request["output"] for request in load()["successful"]]


def error():
    errored = load("no-such-model")["errored"]
    raise RuntimeError(str([request["info"].get("error") for request in errored]))
