"""vLLM finds our plugin by itself, and then computes nothing of an adapter for tokens that have none."""

import json
import subprocess
import sys

import pytest

from server.controller.command import environment
from server.controller.settings import EngineSettings
from tests.processes import ROOT

MULTIPLY = """
import json
import torch
from vllm.plugins import load_general_plugins
load_general_plugins()
from vllm.lora.layers import LoRAMapping
from vllm.lora.punica_wrapper.punica_cpu import PunicaWrapperCPU
down = torch.tensor([[[[1.0, 2.0]]], [[[3.0, 4.0]]]])  # A of two adapters, (places, 1, rank, in)
found = []
for is_prefill in (True, False):
    wrapper = PunicaWrapperCPU(8, 8, "cpu")
    adapters = (1, 2, 0)  # of three tokens; the last has none
    wrapper.update_metadata(LoRAMapping(adapters, adapters, is_prefill), [1, 2], 2, 1)
    made = torch.full((3, 1), 7.0)
    wrapper.add_shrink((made,), torch.ones(3, 2), (down,), 0.5)
    found.append(made.flatten().tolist())
print(json.dumps(found))
"""


@pytest.mark.engine
@pytest.mark.timeout(180)
@pytest.mark.parametrize(("more", "last"), [({}, 0.0), ({"VLLM_PLUGINS": ""}, 3.5)])
def test_tokens_without_an_adapter_get_nothing_of_the_last_one(more: dict[str, str], last: float) -> None:
    env = environment(EngineSettings(), "cpu") | more
    ended = subprocess.run(
        [sys.executable, "-c", MULTIPLY], env=env, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert json.loads(ended.stdout.splitlines()[-1]) == [[1.5, 3.5, last]] * 2
