"""Runs one client's script against one base URL, and judges what came of it."""

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.clients.cases import NAMES, complaint
from benchmarks.clients.catalogue import SCRIPTS, Client
from benchmarks.clients.environments import Environments
from tests.stack import STARTER

LONGEST_S = 240


@dataclass(frozen=True)
class Upstream:
    """A gateway that clients are run against.

    Attributes:
        name: Of the engine behind it: `scripted` or `vLLM`.
        base_url: Ending in /v1.
        key: To call it with.
    """

    name: str
    base_url: str
    key: str

    @property
    def scripted(self) -> bool:
        """Whether its answers are known."""
        return self.name == "scripted"


@dataclass(frozen=True)
class Cell:
    """What came of one case: it works, fails, or there is no such thing; `reason` says why it does not work."""

    state: str
    reason: str = ""
    seconds: float = 0.0


def try_client(client: Client, environments: Environments, upstream: Upstream) -> dict[str, Cell]:
    """Run all cases of a client that it has."""
    lacks = {**client.lacks, **(client.lacks_scripted if upstream.scripted else client.lacks_on_starter)}
    written = (SCRIPTS / client.script).read_text()
    present = [case for case in NAMES if case not in lacks and f" {case}(" in written]
    outcomes = _run(client, environments, upstream, present)
    cells = {case: Cell("not applicable", reason) for case, reason in lacks.items()}
    for case in NAMES:
        if case in cells:
            continue
        outcome = outcomes.get(case, {"raised": "Nothing", "message": "the script ended before it"})
        wrong = complaint(case, outcome, upstream.scripted)
        cells[case] = Cell("fails" if wrong else "works", (wrong or "")[:500], outcome.get("seconds", 0.0))
    return {case: cells[case] for case in NAMES}


def _run(client: Client, environments: Environments, upstream: Upstream, cases: list[str]) -> dict[str, dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="attune-client-") as name:
        output = Path(name) / "outcomes.jsonl"
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("ATTUNE_", "PYTHONPATH"))}
        environment |= {"BASE_URL": upstream.base_url, "API_KEY": upstream.key, "TOKENIZER": str(STARTER)}
        environment |= {"HF_HUB_OFFLINE": "1", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "HOME": name}
        began = time.monotonic()
        child = subprocess.Popen(
            environments.command(client, output, cases),
            env=environment,
            cwd=name,
            stdout=subprocess.DEVNULL,
            stderr=(Path(name) / "stderr").open("wb"),
        )
        try:
            child.wait(LONGEST_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        lines = output.read_text().splitlines() if output.exists() else []
        outcomes = {found["case"]: found for found in map(json.loads, lines)}
        said = (Path(name) / "stderr").read_text(errors="replace")[-300:]
        took = f"after {time.monotonic() - began:.0f} s the script ended with {child.returncode}: {said}"
        return {case: {"raised": "Nothing", "message": took} for case in cases} | outcomes
