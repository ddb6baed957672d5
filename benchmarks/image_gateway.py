"""What the image `gateway` does, before a fake engine: tables and keys, controller, gateway, chat."""

import asyncio
import json
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from benchmarks import dockerfile
from benchmarks.image import Image, answers, resident_mib
from tests.fake_engine import FakeEngine


def use(image: Image, steps: dockerfile.Dockerfile, services: Mapping[str, Any], logs: Path) -> dict[str, Any]:
    """Starts what the Compose file starts of this image, and uses it as people do.

    Args:
        image: Of the target.
        steps: Of the Dockerfile.
        services: Of the Compose file.
        logs: Folder for the output of what is started.

    Returns:
        `seen` with what must be so, and figures.
    """

    async def before_an_engine() -> dict[str, Any]:
        async with FakeEngine(port=0, model="base") as engine:
            return await asyncio.to_thread(_use, image, steps, services, logs, engine.url)

    return asyncio.run(before_an_engine())


def report(figures: Mapping[str, Any]) -> list[str]:
    """The figures for people, as Markdown."""
    memory = ", ".join(f"{name} {mib} MiB" for name, mib in figures["resident_mib"].items())
    return [
        f"The gateway was ready after {figures['ready_s']} s and the chat after {figures['chat_s']} s, started",
        f"together, before a fake engine; resident: {memory}.",
    ]


def _use(
    image: Image, steps: dockerfile.Dockerfile, services: Mapping[str, Any], logs: Path, engine_url: str
) -> dict[str, Any]:
    command, check = steps.last("gateway", "CMD"), steps.last("gateway", "HEALTHCHECK")
    assert command is not None and check is not None
    health = json.loads(check.value.partition("CMD ")[2])
    seen = {
        "a file outside the volumes cannot be written": image.run(["touch", "/opt/attune/file"]).returncode != 0,
        "torch is not there": image.run(["python", "-c", "import torch"]).returncode != 0,
        "attune prepare": image.ends_well(services["prepare"]["command"]),
    }
    began = time.monotonic()
    with (
        image.running(["python", "-m", "server.controller"], logs / "controller", ATTUNE_UPSTREAM=engine_url),
        image.running(command.words(), logs / "gateway") as gateway,
        image.running(services["chat"]["command"], logs / "chat", ATTUNE_GATEWAY_URL="http://127.0.0.1:8000") as chat,
    ):
        api = httpx.Client(base_url="http://127.0.0.1:8000", trust_env=False, timeout=60)
        page = httpx.Client(base_url="http://127.0.0.1:7860", trust_env=False)
        seen["gateway ready"] = answers(api, "/health/ready")
        ready_s = time.monotonic() - began
        seen["chat answers"] = answers(page, "/")
        chat_s = time.monotonic() - began
        api.headers["Authorization"] = f"Bearer {(image.volume / 'admin.key').read_text().strip()}"
        body = {"model": "attune", "messages": [{"role": "user", "content": "Hello"}]}
        answer = api.post("/v1/chat/completions", json=body)
        seen["an answer"] = answer.status_code == 200
        vote = api.post("/v1/feedback", json={"completion_id": answer.json().get("id"), "value": 1})
        seen["a vote"] = vote.status_code == 200
        seen["health check of the image"] = image.ends_well(health)
        seen["health check of the chat"] = image.ends_well(services["chat"]["healthcheck"]["test"][1:])
        seen["attune status --check"] = image.ends_well(["attune", "status", "--check"])
        seen["attune backup"] = image.ends_well(["attune", "backup", "/var/lib/attune/copy.backup"])
        memory = {name: resident_mib(process.pid) for name, process in (("gateway", gateway), ("chat", chat))}
        gateway.send_signal(signal.SIGTERM)
        seen["the gateway ends with 0 after SIGTERM"] = gateway.wait(60) == 0
    return {"ready_s": round(ready_s, 1), "chat_s": round(chat_s, 1), "resident_mib": memory, "seen": seen}
