"""One stage of an alignment run in a process of its own, which says what memory it took; for `alignment_memory`.

It uses only what revisions from before the memory limit have too, so that they can be measured beside it:
`PYTHONPATH=OTHER_CHECKOUT python alignment_memory_stage.py …`.
"""

import json
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

_STAGES = {"reward-model": "reward_model", "ppo": "ppo"}


def main() -> None:
    """Reads one JSON object of settings from the command line, and prints one of figures."""
    given = json.loads(sys.argv[1])
    # Private memory; whoever asks for more is refused by the kernel, so that the machine is never endangered.
    resource.setrlimit(resource.RLIMIT_DATA, (given["cap_bytes"],) * 2)
    began = time.monotonic()
    found = {"error": ""}
    try:
        found |= _run(given)
    except Exception as error:
        found["error"] = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    found["seconds"] = round(time.monotonic() - began, 1)
    found["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print("RESULT " + json.dumps(found))


def _run(given: dict[str, Any]) -> dict[str, Any]:
    from alignment.config import parse
    from alignment.learners import Task, real

    stage, base, out = given["stage"], Path(given["model"]), Path(given["out"])
    config = parse(given["config"], "the benchmark")
    origin: Any = SimpleNamespace(base_model=base, parent_adapter=None)
    judge = Path(given["judge"]) if stage == "ppo" else None
    task = Task(config, origin, Path(given["snapshot"]), out, False, judge)
    found = {}
    if given["limit_gib"]:
        from alignment.memory.limit import find_limit
        from alignment.memory.reckon import reckon

        planned = reckon(config, base, task.snapshot, (stage,), find_limit([], given["limit_gib"]))[stage]
        task = replace(task, memory=planned)
        found = {
            "predicted_mib": planned.predicted_bytes >> 20,
            "limit_mib": planned.limit_bytes >> 20,
            "tokens_at_once": planned.bounds.trained_tokens,
            "checkpointing": planned.bounds.checkpointing,
        }
    learners = real()
    if stage in _STAGES:
        getattr(learners, _STAGES[stage])(task)
    else:
        learners.preference(stage, task)
    return found


if __name__ == "__main__":
    main()
