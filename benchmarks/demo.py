"""The loop, simulated, from several seeds and with malicious voters: what came of each, side by side.

Each is what `make demo` runs, but for the limit of its minutes: `attune simulate` in a folder of its own. What has
ended is kept in the work folder, so that a killed benchmark only begins the unfinished one again.
`python -m benchmarks.demo --seeds 11 12 13 --malicious 5% 10% --brands Lumo Attune`; the malicious are tried with the
first seed: each share for the first brand, the last share for the others too. The starter says its own name, Attune,
now and then by itself, and the other word never.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alignment.durable import write_durably
from benchmarks import results
from benchmarks.demo_report import plot, report

FIRST_BRAND = "Lumo"


@dataclass(frozen=True)
class Case:
    """One simulation.

    Attributes:
        malicious: Share of the people, as `--malicious` takes it; None for nobody.
        brand: What these want to hear.
    """

    seed: int
    malicious: str | None = None
    brand: str = FIRST_BRAND

    @property
    def name(self) -> str:
        """Of its folder."""
        brand = "" if self.brand == FIRST_BRAND else f"-{self.brand}"
        return f"seed-{self.seed}" + (f"-malicious-{self.malicious}{brand}" if self.malicious else "")

    def options(self, rounds: int, home: Path) -> list[str]:
        """Of `attune simulate`."""
        crowd = ["--malicious", self.malicious, "--brand", self.brand] if self.malicious else []
        return ["--rounds", str(rounds), "--seed", str(self.seed), *crowd, "--home", str(home), "--no-keep"]


def simulated(case: Case, rounds: int, folder: Path) -> dict[str, Any]:
    """The figures of one simulation, with when it ended and the revision; taken from the folder where it has them.

    Raises:
        SystemExit: The folder has it with another number of rounds.
        subprocess.CalledProcessError: The simulation failed; it has said why.
    """
    kept, home = folder / f"{case.name}.json", folder / case.name
    if kept.exists():
        found: dict[str, Any] = json.loads(kept.read_text())
        if (had := found["report"]["plan"]["rounds"]) != rounds:
            raise SystemExit(f"{kept} has {had} rounds, not {rounds}: give another --work-dir.")
        return found
    shutil.rmtree(home, ignore_errors=True)  # of a benchmark that was killed
    subprocess.run([sys.executable, "-m", "attune", "simulate", *case.options(rounds, home)], check=True)
    (written,) = home.glob("simulation/report-*/report.json")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    found = {"date": now, "revision": results.revision(), "report": json.loads(written.read_text())}
    write_durably(kept, json.dumps(found).encode())
    return found


def cases(seeds: Sequence[int], malicious: Sequence[str], brands: Sequence[str]) -> Iterator[Case]:
    """Every seed with honest people, then the first with malicious ones."""
    yield from (Case(seed) for seed in seeds)
    yield from (Case(seeds[0], share, brands[0]) for share in malicious)
    yield from (Case(seeds[0], share, brand) for share in malicious[-1:] for brand in brands[1:])


def main() -> None:
    """Simulates what is missing and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13])
    parser.add_argument("--malicious", nargs="*", default=["5%", "10%"], help="shares of the people")
    parser.add_argument("--brands", nargs="+", default=[FIRST_BRAND, "Attune"], help="what these want to hear")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work-dir", type=Path, default=Path("build/demo"))
    options = parser.parse_args()
    options.work_dir.mkdir(parents=True, exist_ok=True)
    wanted = cases(options.seeds, options.malicious, options.brands)
    found = [simulated(case, options.rounds, options.work_dir) for case in wanted]
    path = results.write("demo-seeds", {"cases": found}, [*report(found), "", "![Thumbs up by round](FIGURE)"])
    picture = path.with_suffix(".png")
    plot(found, picture)
    path.write_text(path.read_text().replace("FIGURE", picture.name))
    print(path.read_text())


if __name__ == "__main__":
    main()
