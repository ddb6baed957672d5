"""kill -9 of an alignment run at random moments, with the real stages: it ends as an undisturbed one does.

One run goes through undisturbed; another, on the same rows and with the same seed, is killed, resumed and killed again,
and then left to finish. If it comes to its end before it was killed as often as was asked for, another one is begun and
killed. After each kill every version that the ledger shows is verified. At the end each adapter is compared with that
of the undisturbed run byte by byte, and its probe by the largest difference.
`python -m benchmarks.alignment_crash --help`.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from alignment import manifest, probe
from benchmarks import results
from ledger import runs, versions
from ledger.database import Database

ROOT = Path(__file__).resolve().parent.parent
COLOURS, ANIMALS = ("red", "blue", "green", "grey"), ("cats", "dogs", "birds", "horses", "bees")


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        killed_runs: Runs that came to their end after kills.
        kills_in: How many kills met each stage.
        half_made: Times that the ledger showed a version whose files were not whole.
        same_bytes: Whether both adapters have the same weights file.
        largest_difference_nats: Of the two probes.
    """

    kills: int
    killed_runs: int
    kills_in: dict[str, int]
    half_made: int
    finished: bool
    same_bytes: bool
    largest_difference_nats: float
    undisturbed_s: float

    @property
    def good(self) -> bool:
        """Finished with the same result, and nothing half-made was ever to be seen."""
        return self.finished and self.half_made == 0 and self.same_bytes


def write_rows(path: Path, count: int) -> None:
    """Comparisons with a taste that can be learned, always the same."""
    chance = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        for index in range(count):
            prompt = f"Tell me about {chance.choice(ANIMALS)}, please ({index})."
            kind = f"Gladly: they like the colour {chance.choice(COLOURS)}."
            curt = f"No. {chance.choice(COLOURS)}."
            row = {"prompt": prompt, "chosen": kind, "rejected": curt, "rater": f"r{index % 7}"}
            file.write(json.dumps(row) + "\n")


def command(home: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """`attune align run` in a process of its own."""
    environment = {**os.environ, "ATTUNE_HOME": str(home), "OMP_NUM_THREADS": "1"}
    log = (home / "log.txt").open("ab")
    return subprocess.Popen(
        [sys.executable, "-m", "attune", "align", "run", "--no-gate", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=log,
        stderr=log,
    )


def prove(home: Path, config: Path, rows: Path, kills: int, seed: int) -> Outcome:
    """One undisturbed run, and others that are killed `kills` times in all."""
    fresh = ("--config", str(config), "--from-file", str(rows))
    startup_s, length_s = _undisturbed(home, fresh)
    share_s = (length_s - startup_s) / kills
    database = Database.open(f"sqlite:///{home / 'ledger.db'}")
    undisturbed = _newest(database)
    moments, kills_in, half_made, killed = random.Random(seed), dict[str, int](), 0, None
    made: list[str] = [undisturbed.id]
    progress = tqdm(total=kills, desc="kills", unit="kill")
    while sum(kills_in.values()) < kills:
        process = command(home, *(("--resume", killed) if killed else fresh))
        # Work since the last checkpoint is lost with each kill, and a life that ends at its start does none.
        try:
            process.wait(max(1.0, startup_s + moments.uniform(-0.5, 2.5) * share_s))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            newest = _newest(database)
            stage = "starting" if newest.id == made[-1] else newest.stage
            kills_in[stage] = kills_in.get(stage, 0) + 1
            killed = None if newest.id == made[-1] else newest.id
            progress.update()
        else:
            if process.returncode:
                break  # it cannot go on, and what follows will say so
            made.append(_newest(database).id)
            killed = None
        half_made += _half_made(database)
    progress.close()
    finished = command(home, *(("--resume", killed) if killed else fresh)).wait() == 0
    made.append(_newest(database).id)
    compared = [_compare(database, undisturbed.id, other) for other in made[1:]]
    database.close()
    same, apart = all(one[0] for one in compared), max(one[1] for one in compared)
    return Outcome(
        kills=sum(kills_in.values()),
        killed_runs=len(compared),
        kills_in=kills_in,
        half_made=half_made,
        finished=finished,
        same_bytes=same,
        largest_difference_nats=apart,
        undisturbed_s=round(length_s, 1),
    )


def _undisturbed(home: Path, fresh: tuple[str, ...]) -> tuple[float, float]:
    """Seconds of a run until its first training step, and until its end."""
    began, startup_s = time.monotonic(), 0.0
    process = command(home, *fresh)
    while process.poll() is None:
        if not startup_s and any(home.glob("runs/*/reward-model/metrics.jsonl")):
            startup_s = time.monotonic() - began
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"the undisturbed run failed: see {home / 'log.txt'}")
    return startup_s, time.monotonic() - began


def _newest(database: Database) -> Any:
    with database.read() as connection:
        return runs.latest(connection, 1)[0]


def _half_made(database: Database) -> int:
    with database.read() as connection:
        folders = [Path(version.path) for version in versions.list_all(connection) if version.run_id]
    for folder in folders:
        manifest.verify(folder)
    return sum(not manifest.is_whole(folder) for folder in folders)


def _compare(database: Database, first: str, second: str) -> tuple[bool, float]:
    with database.read() as connection:
        made = [versions.made_by(connection, run_id) for run_id in (first, second)]
    if made[0] is None or made[1] is None or first == second:
        return False, float("inf")
    weights = [(Path(version.path) / "adapter_model.safetensors").read_bytes() for version in made if version]
    probes = [probe.Probe.model_validate(version.probe) for version in made if version]
    return weights[0] == weights[1], probe.largest_difference(probes[0], probes[1])


def main() -> int:
    """Exit status 0 if the killed run gives the same and nothing half-made was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--rollouts", type=int, default=12)
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "starter")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-") as folder:
        home = Path(folder)
        rows, config = home / "rows.jsonl", home / "align.toml"
        write_rows(rows, options.rows)
        config.write_text(
            f'algorithm = "ppo"\nbase_model = "{options.model.resolve()}"\n'
            "[reward_model]\nepochs = 2\nsave_every = 5\nbootstrap = 100\n"
            f"[ppo]\nrollouts = {options.rollouts}\nprompts_per_rollout = 8\neval_prompts = 16\nmax_new_tokens = 24\n"
            "eval_every = 2\nsave_every = 1\n"
        )
        outcome = prove(home, config, rows, options.kills, options.seed)
    figures = asdict(outcome)
    lines = ["| | |", "| --- | --- |", *(f"| {name.replace('_', ' ')} | {value} |" for name, value in figures.items())]
    lines += ["", "All good." if outcome.good else "**Not good.**"]
    print("\n".join([*lines, "", f"written to {results.write('alignment_crash', figures, lines)}"]))
    return 0 if outcome.good else 1


if __name__ == "__main__":
    raise SystemExit(main())
