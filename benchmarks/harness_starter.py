"""The starter model through lm-eval: `attune eval harness` on a running `attune up`, all sets.

`python -m benchmarks.harness_starter --lm-eval VENV --data FOLDER --limit 100`. The virtual environment is made as
docs/evals.md says; the folder has the public sets, without it the generated sets alone are asked.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import results
from evals.endpoint import Endpoint
from evals.harness import folder, running, sets, table
from tests.stack import Stack

MODEL = "attune@v1"


def main() -> int:
    """Asks everything and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lm-eval", type=Path, required=True, help="lm-eval's virtual environment")
    parser.add_argument("--data", type=Path, help="folder with the public sets")
    parser.add_argument("--limit", type=int, help="at most so many prompts of each set")
    parser.add_argument("--answers", type=Path, help="folder that gets the answers; else they are not kept")
    options = parser.parse_args()
    environment = running.environment(options.lm_eval.absolute())
    names, _ = sets.in_folder(options.data)
    chosen = folder.limited([sets.load(name, options.data) for name in names], options.limit)
    with tempfile.TemporaryDirectory(prefix="attune-") as name:
        stack = Stack(Path(name))
        stack.run()
        try:
            began = time.monotonic()
            endpoint = Endpoint(stack.root_url, stack.secrets.app)
            kept = options.answers or Path(name)
            found = running.measure(environment, endpoint, MODEL, chosen, kept, sys.stderr.write)
            seconds = time.monotonic() - began
        finally:
            stack.stop()
    prompts = sum(len(one.rows) for one in chosen)
    about = {"model": "the starter", "limit": options.limit or "none", "prompts": prompts, "seconds": round(seconds)}
    path = results.write("harness-starter", table.as_json(found, chosen, about), table.markdown(found, chosen, about))
    sys.stdout.write(f"written to {path}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
