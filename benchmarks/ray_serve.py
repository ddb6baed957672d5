"""Attune on vLLM behind Ray Serve LLM: deploy/ray-serve/llm.yaml, deployed with the starter's folder and for a CPU.

`python -m benchmarks.ray_serve`, in an environment that has Ray Serve too (docs/benchmarks.md). A Ray cluster of this
machine alone is started and ended again. People ask through the gateway, with and without a stream, and vote; then the
engine of the replica is killed, and they ask on until it is there again.
"""

import argparse
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import psutil
import yaml
from tqdm import tqdm

from benchmarks import results
from benchmarks.intervals import percentile
from server.controller.command import engine_dtype, environment
from server.controller.platform import Platform, detect
from server.controller.settings import EngineSettings
from tests.processes import ROOT
from tests.stack import STARTER, Stack

PROGRAMS = Path(sys.executable).parent
CONFIG = ROOT / "deploy" / "ray-serve" / "llm.yaml"
RAY = "http://127.0.0.1:8000"  # as the file says
READY_WITHIN_S = 300.0
BACK_WITHIN_S = 180.0
AT_ONCE = 8


def for_this_machine(text: str, settings: EngineSettings, platform: Platform) -> str:
    """The file with the starter's folder in place of its own; on a CPU also with what a controller sets there."""
    document = yaml.safe_load(text)
    [application] = document["applications"]
    [model] = application["args"]["llm_configs"]
    model["model_loading_config"]["model_source"] = str(STARTER)
    if platform == "cpu":
        model["accelerator_config"] = {"kind": "cpu"}
        dtype = engine_dtype(settings, platform)
        model["engine_kwargs"] |= {"dtype": dtype, "enforce_eager": True, "enable_chunked_prefill": False}
    return str(yaml.safe_dump(document))


@contextmanager
def cluster(folder: Path, cpus: int) -> Iterator[float]:
    """Ray on this machine with the file deployed; the seconds until it listed the model."""
    settings, platform = EngineSettings(), detect()
    variables = environment(settings, platform) | {"RAY_USAGE_STATS_ENABLED": "0"}

    def run(program: str, *arguments: str) -> None:
        with (folder / "ray.log").open("ab") as log:
            command = [str(PROGRAMS / program), *arguments]
            subprocess.run(command, check=True, cwd=folder, env=variables, stdout=log, stderr=log)

    (folder / "llm.yaml").write_text(for_this_machine(CONFIG.read_text(), settings, platform))
    began = time.monotonic()
    # Ray counts what it is told: a replica asks for three places, which these cores can share.
    run("ray", "start", "--head", "--num-cpus", str(cpus))
    try:
        run("serve", "deploy", "llm.yaml")
        with httpx.Client(base_url=RAY, trust_env=False) as client:
            _wait_until(lambda: _lists_the_model(client), READY_WITHIN_S, "Ray lists the model")
        yield time.monotonic() - began
    finally:
        run("serve", "shutdown", "--yes")  # ends the engines, which `ray stop` leaves running
        run("ray", "stop", "--force")


def _lists_the_model(client: httpx.Client) -> bool:
    try:
        answer = client.get("/v1/models")
    except httpx.HTTPError:
        return False
    return answer.status_code == 200 and [model["id"] for model in answer.json()["data"]] == ["base"]


def _wait_until(condition: Any, within_s: float, what: str) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{within_s:.0f} s have passed before {what}")
        time.sleep(0.5)


class Person:
    """Asks sums, and likes every answer."""

    def __init__(self, api: httpx.Client) -> None:
        self._api = api

    def asks(self, number: int) -> Mapping[str, Any]:
        """One question; every second answer comes as a stream. The status, and what came."""
        person = f"person-{number % AT_ONCE}"
        body = {"model": "attune", "messages": [{"role": "user", "content": question(number)}], "user": person}
        began = time.monotonic()
        if number % 2:
            return self._streamed(body | {"stream": True}, began) | {"user": person}
        answer = self._api.post("/v1/chat/completions", json=body)
        told = answer.json()
        whole = answer.status_code == 200 and bool(told["choices"][0]["message"]["content"])
        return {"whole": whole, "status": answer.status_code, "id": told.get("id"), "user": person}

    def _streamed(self, body: Mapping[str, Any], began: float) -> dict[str, Any]:
        first_s, lines = None, list[str]()
        with self._api.stream("POST", "/v1/chat/completions", json=body) as answer:
            for line in answer.iter_lines():
                if first_s is None and '"content":"' in line and '"content":""' not in line:
                    first_s = time.monotonic() - began
                lines.append(line)
        found = re.search(r'"id":\s*"(chatcmpl-[^"]+)"', "".join(lines))
        whole = answer.status_code == 200 and "data: [DONE]" in lines
        return {"whole": whole, "status": answer.status_code, "id": found and found[1], "first_s": first_s}

    def votes(self, answer: Mapping[str, Any]) -> bool:
        """Whether the vote was taken."""
        vote = {"completion_id": answer["id"], "value": 1, "user": answer["user"]}
        return self._api.post("/v1/feedback", json=vote).status_code == 200


def question(number: int) -> str:
    """A sum."""
    return f"What is {number % 13 + 2} plus {number // 13 + 3}?"


def greedy(api: httpx.Client, model: str, number: int) -> str:
    """The most likely answer to a question."""
    asked = {"model": model, "messages": [{"role": "user", "content": question(number)}], "temperature": 0}
    answer = api.post("/v1/chat/completions", json=asked).raise_for_status()
    return str(answer.json()["choices"][0]["message"]["content"])


def kill_the_engine() -> int:
    """SIGKILL to the engine of a replica; its process."""
    engines = [process for process in psutil.process_iter(["name"]) if "EngineCore" in process.info["name"]]
    engines[0].send_signal(signal.SIGKILL)
    return int(engines[0].pid)


def use(stack: Stack, questions: int) -> dict[str, Any]:
    """Asks and votes, then kills the engine and asks on until it answers again."""
    headers = {"Authorization": f"Bearer {stack.secrets.app}"}
    with (
        httpx.Client(base_url=stack.root_url, headers=headers, trust_env=False, timeout=120) as api,
        httpx.Client(base_url=RAY, trust_env=False, timeout=120) as ray,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        person = Person(api)
        answers = list(tqdm(pool.map(person.asks, range(questions)), total=questions, unit="answer"))
        voted = sum(pool.map(person.votes, (answer for answer in answers if answer["whole"])))
        same = sum(greedy(api, "attune", number) == greedy(ray, "base", number) for number in range(20))
        first = [answer["first_s"] for answer in answers if answer.get("first_s") is not None]

        kill_the_engine()
        killed, seen = time.monotonic(), list[int]()
        while not seen or seen[-1] != 200:
            seen.append(person.asks(0)["status"])
            if time.monotonic() - killed > BACK_WITHIN_S:
                break
            time.sleep(0.0 if seen[-1] == 200 else 0.5)
        back_s = time.monotonic() - killed if seen[-1] == 200 else None
    return {
        "asked": questions,
        "whole": sum(answer["whole"] for answer in answers),
        "votes": voted,
        "first_token_s": {"p50": percentile(first, 0.5), "p99": percentile(first, 0.99), "n": len(first)},
        "greedy_as_from_ray": same,
        "after_the_kill": {"back_s": back_s, "statuses": dict(Counter(seen))},
    }


def report(figures: Mapping[str, Any]) -> list[str]:
    """The figures for people."""
    first, after = figures["first_token_s"], figures["after_the_kill"]
    statuses = ", ".join(f"{count} times {status}" for status, count in after["statuses"].items())
    back = "not within 3 minutes" if after["back_s"] is None else f"after {after['back_s']:.0f} s"
    return [
        f"Ray {figures['ray']}; `deploy/ray-serve/llm.yaml` with the starter's folder as `model_source`, on CPU.",
        "",
        f"- Ray listed the model {figures['ready_s']:.0f} s after `ray start`, Attune answered "
        f"{figures['attune_s']:.0f} s after that.",
        f"- {figures['whole']} of {figures['asked']} answers came whole through the gateway, half of them as streams, "
        f"{AT_ONCE} at once; {figures['votes']} votes were taken.",
        f"- First token: median {first['p50'] * 1000:.0f} ms, 99th percentile {first['p99'] * 1000:.0f} ms "
        f"(n = {first['n']}).",
        f"- {figures['greedy_as_from_ray']} of 20 greedy answers are those that Ray gives when it is asked directly.",
        f"- SIGKILL of the replica's engine: answers again {back}; {statuses} by then.",
    ]


def main() -> None:
    """Starts Ray and Attune, uses them and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--cpus", type=int, default=8, help="places that Ray is told to have")
    options = parser.parse_args()
    if not (PROGRAMS / "serve").exists():
        raise SystemExit("Ray Serve is not installed here: docs/benchmarks.md shows how, in a clone of its own.")
    with tempfile.TemporaryDirectory(prefix="attune-") as place, cluster(Path(place), options.cpus) as ready_s:
        stack = Stack(Path(place), STARTER, upstream=f"{RAY}/v1", upstream_model="base", upstream_folder=STARTER)
        began = time.monotonic()
        stack.run()
        attune_s = time.monotonic() - began
        try:
            found = use(stack, options.questions)
        finally:
            stack.stop()
    figures = {"ray": version("ray"), "ready_s": ready_s, "attune_s": attune_s, **found}
    print(results.write("ray-serve", figures, report(figures)).read_text())


if __name__ == "__main__":
    main()
