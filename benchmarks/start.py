"""From nothing to the first answer: a fresh clone without a virtual environment, `make up`, and `make up` once more.

`python -m benchmarks.start` clones the committed state into an empty folder. What pip has in its cache it uses, as it
would for anybody; the report says how much that was.
"""

import os
import signal
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from benchmarks import results
from tests.processes import ROOT, free_port

LONGEST_START_S = 1800
READY = "Attune answers"


@dataclass(frozen=True)
class Start:
    """Seconds of one `make up`: until it had installed (0 where nothing was missing), until an answer came, to stop."""

    installed_s: float
    first_answer_s: float
    stopped_s: float
    answer: str


def start_once(checkout: Path, home: Path) -> Start:
    """Run `make up`, ask a question as soon as it says that it answers, and end it with SIGINT as Ctrl-C does.

    Raises:
        SystemExit: It ended, or did not answer within half an hour; the message ends with its output.
    """
    port, ui_port = free_port(), free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ATTUNE_", "VIRTUAL_ENV"))}
    environment = kept | {"ATTUNE_HOME": str(home), "ATTUNE_PORT": str(port), "ATTUNE_UI_PORT": str(ui_port)}
    log = home.with_suffix(".log")
    began = time.monotonic()
    with log.open("wb") as output:
        child = subprocess.Popen(
            ["make", "up"],
            cwd=checkout,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        installed_s = 0.0
        while READY not in (said := log.read_text(errors="replace")):
            if child.poll() is not None or time.monotonic() - began > LONGEST_START_S:
                raise SystemExit(f"make up did not come to an answer:\n{said[-3000:]}")
            if "installed in" in said and not installed_s:
                installed_s = time.monotonic() - began
            time.sleep(0.1)
        answer = _ask(port, (home / "admin.key").read_text().strip())
        first_answer_s = time.monotonic() - began
        began = time.monotonic()
        os.killpg(child.pid, signal.SIGINT)
        child.wait(120)
        return Start(round(installed_s, 1), round(first_answer_s, 1), round(time.monotonic() - began, 1), answer)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)


def _ask(port: int, key: str) -> str:
    """A greeting's answer through the API."""
    answer = httpx.post(
        f"http://127.0.0.1:{port}/v1/chat/completions",
        headers={"Authorization": f"Bearer {key}"},
        json={"model": "attune", "messages": [{"role": "user", "content": "Hello!"}]},
        timeout=60,
    )
    return str(answer.raise_for_status().json()["choices"][0]["message"]["content"])


def pip_cache_mib() -> float:
    """What pip has kept from earlier installations, in MiB."""
    told = subprocess.run(["python3", "-m", "pip", "cache", "dir"], capture_output=True, text=True, check=False)
    folder = Path(told.stdout.strip() or "/nonexistent")
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20, 1)


def main() -> None:
    """Start cold and warm, and write what it took."""
    cached_mib = pip_cache_mib()
    with tempfile.TemporaryDirectory(prefix="attune-") as name:
        folder = Path(name)
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder / "attune")], check=True)
        starts = {kind: start_once(folder / "attune", folder / "home") for kind in ("cold", "warm")}
    lines = [
        f"From a fresh clone; pip's cache held {cached_mib} MiB before. n = 1 each.",
        "",
        "| start | installed after s | first answer after s | Ctrl-C to exit s | it said |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {kind} | {' | '.join(str(value) for value in asdict(start).values())} |"
            for kind, start in starts.items()
        ),
    ]
    figures = {"pip_cache_mib": cached_mib} | {kind: asdict(start) for kind, start in starts.items()}
    path = results.write("start", figures, lines)
    print("\n".join([*lines, "", f"written to {path}"]))


if __name__ == "__main__":
    main()
