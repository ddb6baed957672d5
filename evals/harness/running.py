"""Starts lm-eval in its own environment on a folder of tasks, and reads what it found."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from codecs import getincrementaldecoder
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from evals.endpoint import Endpoint
from evals.errors import UnusableHarness, WrongAddress
from evals.harness.folder import write
from evals.harness.sets import Loaded
from ledger.scratch import remove_abandoned, scratch_folder

RELEASE = "0.4.13"
_ASK_VERSION = "from importlib.metadata import version; print(version('lm_eval'))"
_PROGRESS = "Requesting API"
"""How lm-eval's own progress bar begins; what else it says is kept for the case that it fails."""
_LINE_END = re.compile(r"[\r\n]")
_KEPT_OF_OUTPUT = 6000


class Figure(BaseModel):
    """One metric of one task.

    Attributes:
        task: Of the set.
        metric: As it is called in `tasks`.
        value: None where it is undefined, such as the bias of answers that never take a side.
        standard_error: None where there is none.
        error_by: Who computed it: lm-eval, or our bootstrap over groups of rows.
        n: Rows that counted; where the figure is a comparison within groups of rows, the groups that are whole.
    """

    model_config = ConfigDict(frozen=True)

    task: str
    metric: str
    value: float | None
    standard_error: float | None
    error_by: str | None
    n: int


class Found(BaseModel):
    """What lm-eval found, and its version."""

    model_config = ConfigDict(frozen=True)

    lm_eval: str
    rows: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Environment:
    """lm-eval's virtual environment: its interpreter and the version of lm-eval in it."""

    python: Path
    version: str


def environment(folder: Path) -> Environment:
    """Looks whether a virtual environment has lm-eval.

    Raises:
        UnusableHarness: It has not; the message says how to make one.
    """
    python = folder / "bin" / "python"
    try:
        asked = subprocess.run([str(python), "-c", _ASK_VERSION], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise UnusableHarness(
            f"There is no lm-eval in {folder}. It gets a virtual environment of its own, made by two commands:\n"
            f"  python3 -m venv {folder}\n"
            f'  {folder}/bin/pip install "lm-eval[api]=={RELEASE}"\n'
            "Another folder is named with --lm-eval."
        ) from error
    return Environment(python, asked.stdout.strip())


def measure(
    lm_eval: Environment,
    endpoint: Endpoint,
    model: str,
    chosen: Sequence[Loaded],
    report: Path,
    show: Callable[[str], object] | None,
) -> Found:
    """Runs lm-eval on sets, in a folder of its own that is gone afterwards.

    Args:
        lm_eval: Where it is.
        endpoint: The server; lm-eval speaks HTTP only.
        model: The name it is served under.
        chosen: The sets.
        report: Folder that gets `answers/SET.jsonl`.
        show: Gets lm-eval's progress bar as it moves; None where there is no terminal to show it on.

    Raises:
        WrongAddress: The server is on a unix socket.
        UnusableHarness: lm-eval failed (the message ends with what it said), or every prompt was refused.
    """
    temporary = Path(tempfile.gettempdir())
    remove_abandoned(temporary)
    with scratch_folder(temporary, "harness") as folder:
        write(folder, chosen)
        found = run(lm_eval, folder, endpoint, model, [one.name for one in chosen], show)
        shutil.copytree(folder / "answers", report / "answers", dirs_exist_ok=True)
    return found


def run(
    lm_eval: Environment,
    folder: Path,
    endpoint: Endpoint,
    model: str,
    tasks: Sequence[str],
    show: Callable[[str], object] | None,
) -> Found:
    """Runs lm-eval on a folder that `folder.write` made, where it leaves `found.json` and `answers`; see `measure`."""
    if not endpoint.url.startswith(("http://", "https://")):
        raise WrongAddress(f"lm-eval asks over HTTP: {endpoint.url!r} must be http://host:port.")
    plan = {
        "model": model,
        "url": f"{endpoint.url.rstrip('/').removesuffix('/v1')}/v1/chat/completions",
        "concurrency": endpoint.concurrency,
        "attempts": endpoint.attempts,
        "tasks": list(tasks),
    }
    (folder / "plan.json").write_text(json.dumps(plan, indent=1), encoding="utf-8")
    command = [str(lm_eval.python), "-m", "evals.harness.driver", str(folder / "plan.json")]
    child = subprocess.Popen(
        command, cwd=folder, env=_variables(folder, endpoint), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert child.stderr is not None
    said, line, decoder = "", "", getincrementaldecoder("utf-8")("replace")
    with child:
        while part := os.read(child.stderr.fileno(), 4096):
            text = decoder.decode(part)
            said = (said + text)[-_KEPT_OF_OUTPUT:]
            # The last line may be a piece of one. A bar is shown all the same: its line ends when the next one begins.
            *lines, line = _LINE_END.split(line + text)
            for one in (*lines, line):
                if show is not None and one.startswith(_PROGRESS):
                    show(f"\r{one}")
    if show is not None:
        show("\n")
    if child.returncode != 0:
        last = said.replace("\r", "\n").strip().splitlines()[-5:]
        raise UnusableHarness(f"lm-eval ended with status {child.returncode}: " + "\n".join(last))
    found = Found.model_validate_json((folder / "found.json").read_text(encoding="utf-8"))
    if all(row.value == 1 for row in found.rows if row.metric == "unanswered"):
        raise UnusableHarness(f"{endpoint.url} refused every prompt to {model} as it is: there is nothing to report.")
    return found


def _variables(folder: Path, endpoint: Endpoint) -> dict[str, str]:
    """lm-eval gets our modules, the key, and a cache that goes with the folder; it never looks for a hub."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ATTUNE_", "PYTHON"))}
    return inherited | {
        "PYTHONPATH": str(folder),
        "OPENAI_API_KEY": endpoint.api_key or "",
        "HF_HOME": str(folder / "cache"),
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "LMEVAL_LOG_LEVEL": "WARNING",
    }
