"""A plugin of vLLM, which each of its processes loads: on a CPU they sleep while they wait for each other.

vLLM's processes hand each other work through shared memory, and whoever waits spins with sched_yield(2) for up to a
second. Where cores are few that takes them from the process that computes, and on Linux 6.18 it can keep everybody else
on the same core from running at all: docs/decisions/0012-engine-waits.md. It is an entry point of the group
`vllm.general_plugins` in pyproject.toml.
"""

import logging
import time

log = logging.getLogger(__name__)

_NAP_S = 1e-4


def register() -> None:
    """Takes the place of vLLM's yield, if this vLLM computes on a CPU; may be called again."""
    from vllm.distributed.device_communicators import shm_broadcast
    from vllm.platforms import current_platform

    if not current_platform.is_cpu():
        return
    if not hasattr(shm_broadcast, "sched_yield"):
        log.warning("This vLLM waits in another way than the one that Attune knows; its waits are left as they are.")
        return
    shm_broadcast.sched_yield = nap


def nap() -> None:
    """Leaves the core to others for a tenth of a millisecond; a step of the smallest model takes milliseconds."""
    time.sleep(_NAP_S)
