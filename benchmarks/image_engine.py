"""What the images `engine` and `alignment` do: a real vLLM, votes, and an alignment run with its gate."""

import json
import re
import shlex
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from tqdm import tqdm

from benchmarks import dockerfile
from benchmarks.image import Image, answers

VOTES = 160
READY_WITHIN_S, ALIGNED_WITHIN_S = 600.0, 1800.0
CONFIG = """
algorithm = "ppo"
[minimum]
ppo_thumbs = 64
[reward_model]
epochs = 1
shuffled_control = false
[ppo]
rollouts = 2
prompts_per_rollout = 16
eval_prompts = 16
"""
"""A run that goes through every stage; what it learns does not matter here."""


def use(
    engine: Image, alignment: Image, steps: dockerfile.Dockerfile, services: Mapping[str, Any], logs: Path
) -> dict[str, Any]:
    """Starts the engine as the Compose file does, asks and votes through a gateway, and has a version made of it.

    Args:
        engine: Of that target; its gateway is asked too, which is the same code as in the image `gateway`.
        alignment: Of that target, on the same volume.
        steps: Of the Dockerfile.
        services: Of the Compose file.
        logs: Folder for the output of what is started.

    Returns:
        `seen` with what must be so, and figures.
    """
    command, check = steps.last("engine", "CMD"), steps.last("engine", "HEALTHCHECK")
    assert command is not None and check is not None
    health = json.loads(check.value.partition("CMD ")[2])
    (engine.volume / "align.toml").write_text(CONFIG)
    seen = {
        "a file outside the volumes cannot be written": engine.run(["touch", "/opt/attune/file"]).returncode != 0,
        "attune prepare": engine.ends_well(services["prepare"]["command"]),
    }
    model = re.sub(r"\$\{\w+:-(.*)\}", r"\1", services["engine"]["environment"]["ATTUNE_MODEL"])
    began = time.monotonic()
    with (
        engine.running(command.words(), logs / "controller", ATTUNE_MODEL=model) as controller,
        engine.running(["python", "-m", "server"], logs / "gateway"),
    ):
        api = httpx.Client(base_url="http://127.0.0.1:8000", trust_env=False, timeout=120)
        seen["the engine serves the starter"] = answers(api, "/health/ready", READY_WITHIN_S)
        ready_s = time.monotonic() - began
        seen["health check of the image"] = engine.ends_well(health)
        api.headers["Authorization"] = f"Bearer {(engine.volume / 'admin.key').read_text().strip()}"
        seen[f"{VOTES} answers of vLLM and {VOTES} votes"] = _vote(api) == VOTES
        began = time.monotonic()
        aligned = alignment.run(
            [*_aligning(services, steps), "--config", "/var/lib/attune/align.toml"], ALIGNED_WITHIN_S
        )
        aligned_s = time.monotonic() - began
        (logs / "align").write_text(aligned.stdout + aligned.stderr)
        listed = engine.run(["attune", "versions", "list"]).stdout
        state = next((word for word in ("passed", "refused") if re.search(rf"\bv2\b.*\b{word}\b", listed)), "none")
        seen["an alignment run ends with a verdict of the gate"] = aligned.returncode in (0, 2) and state != "none"
        controller.send_signal(signal.SIGTERM)
        seen["the controller ends with 0 after SIGTERM"] = controller.wait(60) == 0
    return {"ready_s": round(ready_s, 1), "aligned_s": round(aligned_s, 1), "verdict": state, "seen": seen}


def report(figures: Mapping[str, Any]) -> list[str]:
    """The figures for people, as Markdown."""
    return [
        f"vLLM served the starter {figures['ready_s']} s after the controller was started. An alignment run of",
        f"two rollouts on {VOTES} votes ended after {figures['aligned_s']} s, with its gate: {figures['verdict']}.",
    ]


def _aligning(services: Mapping[str, Any], steps: dockerfile.Dockerfile) -> Sequence[str]:
    """The command of the Compose file's service, which is the image's own with a condition that is met here."""
    own = steps.last("alignment", "CMD")
    assert own is not None
    command: list[str] = services["align"]["command"]
    assert command[: len(own.words())] == own.words(), f"{shlex.join(command)} is not the image's {own.value}"
    return [*own.words(), "--if-new-feedback", str(VOTES)]


def _vote(api: httpx.Client) -> int:
    """Eight people ask for sums and like short answers; how many votes were taken."""
    taken, lengths = 0, list[int]()
    for number in tqdm(range(VOTES), desc="votes", unit="vote"):
        asked = f"What is {number % 13 + 2} plus {number // 13 + 3}?"
        person = f"person-{number % 8}"
        body = {"model": "attune", "messages": [{"role": "user", "content": asked}], "user": person, "seed": number}
        answer = api.post("/v1/chat/completions", json=body)
        if answer.status_code != 200:
            continue
        told = answer.json()
        lengths.append(len(told["choices"][0]["message"]["content"]))
        liked = lengths[-1] <= sorted(lengths)[len(lengths) // 2]
        vote = {"completion_id": told["id"], "value": 1 if liked else -1, "user": person}
        taken += api.post("/v1/feedback", json=vote).status_code == 200
    return taken
