"""`attune align run` on two processes: one leads, the other joins where it learns, and both end."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ledger import runs, versions
from ledger.database import Database
from ledger.records import AlignmentRun, ModelVersion
from tests.alignment.job_ground import give_feedback
from tests.processes import ROOT
from tests.random_model import write_random_model
from tests.sharding import accelerate_launch

SMALL = """
algorithm = "ppo"
keep_checkpoints = true
[minimum]
kto_thumbs = 8
per_label = 4
ppo_thumbs = 30
[snapshot]
heldout_share = 0.3
[reward_model]
most_steps = 2
shuffled_control = false
[ppo]
rollouts = 1
prompts_per_rollout = 4
eval_prompts = 3
max_new_tokens = 8
"""


@pytest.fixture
def home(ledger_path: Path) -> Path:
    place = ledger_path.parent
    base = write_random_model(place / "base")
    with closing(Database.open(f"sqlite:///{ledger_path}", migrate=False)) as database:
        give_feedback(database, base, place)
    (place / "align.toml").write_text(SMALL)
    return place


WHOLE = ["torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "attune"]
SHARDED = [*accelerate_launch("fsdp"), "-m", "tests.sharding"]


def on_two_processes(home: Path, launch: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ATTUNE_HOME": str(home), "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", *launch, "align", "run", "--no-gate", "--config", str(home / "align.toml")]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280)


def last_run(home: Path) -> tuple[AlignmentRun, ModelVersion | None]:
    database = Database.open(f"sqlite:///{home}/ledger.db", migrate=False)
    with closing(database), database.read() as connection:
        (run,) = runs.latest(connection)
        return run, versions.made_by(connection, run.id)


@pytest.mark.parametrize("launch", [pytest.param(WHOLE, id="whole"), pytest.param(SHARDED, id="FSDP")])
def test_a_run_on_two_processes_registers_what_both_have_learned(home: Path, launch: list[str]) -> None:
    done = on_two_processes(home, launch)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (done.stderr + done.stdout).count("is a candidate") == 1, "one of them leads"
    run, made = last_run(home)
    assert made is not None and (Path(made.path) / "adapter_model.safetensors").exists()
    states = (home / "runs" / run.id / "ppo").rglob("ppo_state_*.json")
    assert {path.name for path in states} == {"ppo_state_0.json", "ppo_state_1.json"}


def test_what_the_leader_cannot_do_ends_the_others_too(home: Path) -> None:
    (home / "align.toml").write_text(SMALL.replace('"ppo"', '"dpo"'))
    done = on_two_processes(home, WHOLE)
    assert done.returncode == 1
    run, made = last_run(home)
    assert made is None and run.error and run.error in done.stderr
