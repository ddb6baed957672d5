"""The reward model's stage as one of two processes (gloo), which notes what it writes into the stage's folder."""

import json
import os
import sys
from pathlib import Path
from typing import Any

_CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree"}


def main(rank: int, port: int, model: str, snapshot: str, out: str) -> None:
    """Trains, and leaves `out`.RANK.json: the report that it got, and the paths below `out` that it changed."""
    place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "MASTER_PORT": port}
    os.environ |= {name: str(value) for name, value in place.items()}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "GLOO_SOCKET_IFNAME": "lo", "ACCELERATE_USE_CPU": "true"}
    import torch

    from alignment.reward_model.config import RewardModelConfig
    from alignment.reward_model.stage import train_reward_model
    from alignment.training_arguments import this_process

    torch.set_num_threads(1)
    changed: set[str] = set()

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        # Not all writers go through Python (safetensors does not), but none makes its folder without it.
        written = event == "open" and bool((arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR))
        if (written or event in _CHANGES) and f"{arguments[0]}{os.sep}".startswith(out + os.sep):
            changed.add(str(Path(arguments[0]).relative_to(out)))

    sys.addaudithook(note)
    config = RewardModelConfig(epochs=2, batch_size=4, save_every=2, eval_every=2, bootstrap=100)
    report = train_reward_model(
        config, snapshot=Path(snapshot), base_model=Path(model), out=Path(out), seed=0, resume=False
    )
    found = {"report": report.model_dump(mode="json"), "changed": sorted(changed)}
    assert this_process().num_processes == 2
    this_process().destroy_process_group()
    Path(f"{out}.{rank}.json").write_text(json.dumps(found))
