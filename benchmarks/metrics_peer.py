"""Whether the harness's metrics of labels and degrees are scikit-learn's and SciPy's, on random answers.

lm-eval's environment has both; docs/evals.md says how it is made. `python -m benchmarks.metrics_peer /tmp/lm-eval`.
"""

import argparse
import json
import subprocess
from pathlib import Path
from random import Random
from typing import Any

from benchmarks import results
from evals.harness.scoring.totals import TOTALS

MOST_APART = 1e-12
LABELS, DEGREES = ("mcc", "f1_binary", "f1_macro"), ("pearson", "spearman")


def labels(random: Random) -> list[list[int | None]]:
    """Rows of a right label, of two or three, and what was said: half of the time that, else any or nothing."""
    kinds = random.choice((range(2), range(3)))
    right = [random.choice(kinds) for _ in range(random.randint(5, 60))]
    return [[label, label if random.random() < 0.5 else random.choice((*kinds, None))] for label in right]


def degrees(random: Random) -> list[list[float]]:
    """Rows of people's degree, from 0 to 5, and what was said; with ties, and some that could not be read."""
    right = [random.randrange(26) / 5 for _ in range(random.randint(5, 60))]
    return [[one, -1.0 if random.random() < 0.1 else round(one + random.gauss(0, 1))] for one in right]


def ours(case: dict[str, Any]) -> dict[str, float]:
    """Our figures of a case."""
    rows = dict.fromkeys(LABELS, case["labels"]) | dict.fromkeys(DEGREES, case["degrees"])
    return {metric: TOTALS[metric].of(rows[metric]) for metric in rows}


def theirs(lm_eval: Path, cases: list[dict[str, Any]]) -> list[dict[str, float]]:
    """Their figures of all cases.

    Raises:
        CalledProcessError: The environment lacks something; it has said what.
    """
    program = [str(lm_eval / "bin" / "python"), str(Path(__file__).with_name("metrics_peer_theirs.py"))]
    done = subprocess.run(program, input=json.dumps(cases), stdout=subprocess.PIPE, text=True, check=True)
    found: list[dict[str, float]] = json.loads(done.stdout)
    return found


def main() -> int:
    """Compares, and writes how far apart they were at most; 0 if nowhere apart."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lm_eval", type=Path, help="folder of the virtual environment that has lm-eval")
    parser.add_argument("--cases", type=int, default=1000)
    options = parser.parse_args()
    random = Random(0)
    cases = [{"labels": labels(random), "degrees": degrees(random)} for _ in range(options.cases)]
    pairs = list(zip(map(ours, cases), theirs(options.lm_eval, cases), strict=True))
    apart = {name: max(abs(mine[name] - peer[name]) for mine, peer in pairs) for name in (*LABELS, *DEGREES)}
    lines = ["| metric | cases | furthest apart |", "| --- | --- | --- |"]
    lines += [f"| {name} | {len(cases)} | {most:.1e} |" for name, most in apart.items()]
    path = results.write("metrics_peer", {"cases": len(cases), "apart": apart}, lines)
    print("\n".join([*lines, "", f"written to {path}"]))
    return 0 if all(most <= MOST_APART for most in apart.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
