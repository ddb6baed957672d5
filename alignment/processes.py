"""A run on several processes, as `accelerate launch` starts them: one leads, the others join where it learns.

The leader alone has the ledger and its lock, and goes through the run as if it were alone. Before each stage that
learns it tells the others which, and all of them call it. Whoever fails ends with a status other than 0, and
`accelerate launch` then ends the rest; the run is gone on with as after any crash.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from alignment.errors import AlignmentError, NotEnoughMemory
from alignment.learners import Learners

# Snapshots and other stages of the leader alone may take long; a dead leader ends the others by other means.
_PATIENCE = timedelta(days=30)


def leads() -> bool:
    """Whether this process is the only one, or the first of several."""
    return int(os.environ.get("RANK", "0")) == 0


def on_this_machine() -> int:
    """How many processes of the run share this machine's memory."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


@contextmanager
def led(learners: Learners) -> Iterator[Learners]:
    """The leader's learners; when the block ends well, the other processes do too."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield learners
        return
    announce = _Announcements()

    def together(stage: str, *arguments: Any) -> Any:
        announce.say((stage, arguments))
        return getattr(learners, stage)(*arguments)

    stages = {stage: partial(together, stage) for stage in ("reward_model", "ppo", "preference")}
    yield replace(learners, **stages)
    announce.say(None)
    announce.end()


def follow(learners: Learners) -> None:
    """Joins in the stages that the leader goes through, until it has no more."""
    announced = _Announcements()
    while (task := announced.hear()) is not None:
        stage, arguments = task
        try:
            getattr(learners, stage)(*arguments)
        except NotEnoughMemory:
            # The others may have room, and would wait for this one in the middle of a step.
            raise
        except AlignmentError:
            # What is wrong with feedback or training all processes see alike, and the leader says it: to leave now
            # would have it killed in the middle of that.
            continue
    announced.end()


class _Announcements:
    """What the leader tells the others, on a channel of its own, beside those that training uses."""

    def __init__(self) -> None:
        import torch.distributed

        from alignment.training_arguments import this_process

        this_process()
        self._channel = torch.distributed.new_group(backend="gloo", timeout=_PATIENCE)

    def say(self, task: Any) -> None:
        self._exchange([task])

    def hear(self) -> Any:
        return self._exchange([None])

    def end(self) -> None:
        """Hangs up, all at once: a process that ends while another still holds the line can take it down with it."""
        import torch.distributed

        torch.distributed.barrier(group=self._channel)
        torch.distributed.destroy_process_group()

    def _exchange(self, holder: list[Any]) -> Any:
        import torch.distributed

        torch.distributed.broadcast_object_list(holder, src=0, group=self._channel)
        return holder[0]
