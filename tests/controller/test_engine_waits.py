"""vLLM finds our plugin by itself, in a process of its own as the engine's are."""

import subprocess
import sys

import pytest

from server.controller.command import environment
from server.controller.settings import EngineSettings
from tests.processes import ROOT

SHOW_WAIT = """
from vllm.plugins import load_general_plugins
load_general_plugins()
from vllm.distributed.device_communicators import shm_broadcast
print(shm_broadcast.sched_yield.__module__)
"""


@pytest.mark.engine
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("more", "module"), [({}, "server.controller.engine_waits"), ({"VLLM_PLUGINS": ""}, "vllm.distributed.utils")]
)
def test_on_a_cpu_the_engines_processes_sleep_while_they_wait(more: dict[str, str], module: str) -> None:
    env = environment(EngineSettings(), "cpu") | more
    command = [sys.executable, "-c", SHOW_WAIT]
    ended = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.stdout.splitlines()[-1:] == [module], ended.stderr[-2000:]
