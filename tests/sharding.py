"""Training whose model is shared out over processes, as the files of deploy/accelerate say, on a CPU.

`python -m tests.sharding align run …` is `attune align run …` under such a launch.
"""

import os
import sys
from typing import Any


def accelerate_launch(config: str) -> list[str]:
    """What comes after `python -m` to start two processes of a CPU in float32 with a file of deploy/accelerate."""
    launch = ["accelerate.commands.accelerate_cli", "launch", "--config_file", f"deploy/accelerate/{config}.yaml"]
    return [*launch, "--num_processes", "2", "--mixed_precision", "no", "--main_process_port", "0"]


def shard_on_a_cpu() -> bool:
    """Has accelerate 1.15 shard where it was told to: on a CPU it passes over FSDP and DeepSpeed.

    Returns:
        Whether it was told to.
    """
    from accelerate.state import AcceleratorState, PartialState
    from accelerate.utils import DistributedType

    kinds = {"ACCELERATE_USE_FSDP": DistributedType.FSDP, "ACCELERATE_USE_DEEPSPEED": DistributedType.DEEPSPEED}
    kind = next((kind for name, kind in kinds.items() if os.environ.get(name) == "true"), None)
    if kind is None:
        return False
    of_processes: Any = PartialState.__init__
    of_accelerator: Any = AcceleratorState.__init__

    def processes(self: Any, *args: Any, **kwargs: Any) -> None:
        of_processes(self, *args, **kwargs)
        PartialState._shared_state["distributed_type"] = kind

    def accelerator(
        self: Any, *args: Any, fsdp_plugin: Any = None, deepspeed_plugin: Any = None, **kwargs: Any
    ) -> None:
        of_accelerator(self, *args, fsdp_plugin=fsdp_plugin, deepspeed_plugin=deepspeed_plugin, **kwargs)
        if fsdp_plugin is not None:
            self.fsdp_plugin = fsdp_plugin
        if deepspeed_plugin is not None:
            deepspeed_plugin.set_mixed_precision("no")
            self.deepspeed_plugins = {"default": deepspeed_plugin}
            deepspeed_plugin.select(_from_accelerator_state=True)

    for changed, initialise in ((PartialState, processes), (AcceleratorState, accelerator)):
        setattr(changed, "__init__", initialise)  # noqa: B010 - mypy takes no function in a method's place
    return True


if __name__ == "__main__":
    from attune import cli

    assert shard_on_a_cpu(), "started without a file of deploy/accelerate"
    sys.exit(cli.run(sys.argv[1:]))
