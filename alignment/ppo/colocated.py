"""vLLM in the trainer's own process, filled with the policy's weights before each rollout, as TRL does it.

It is meant for a GPU. On a CPU TRL's way fails: vLLM packs the weights of linear layers there and computes with the
packed copy, which new weights never reach. With plain weights it works, slower: the path is tested without a GPU.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

# Of a CPU's engine. One rollout's answers take megabytes; and vLLM must not bind the trainer's threads to cores.
_CPU_DEFAULTS = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind"}


@contextmanager
def colocated() -> Iterator[None]:
    """Lets the trainer that is made in this block have its engine."""
    logging.getLogger("vllm.model_executor.models.utils").addFilter(_other_dtype_is_meant)
    if torch.cuda.is_available():
        yield
        return
    for name, value in _CPU_DEFAULTS.items():
        os.environ.setdefault(name, value)
    _give_trl_vllm()
    with _plain_weights():
        yield


def _other_dtype_is_meant(record: logging.LogRecord) -> bool:
    """Drops a warning about each weight of each rollout: the policy learns in float32, the engine serves bfloat16."""
    return not str(record.msg).startswith("Attempted to load weight %s with dtype")


def _give_trl_vllm() -> None:
    """What TRL's module did not import, because vLLM is hidden from it on a CPU (`alignment.trl_trainers`)."""
    from trl.generation import vllm_generation
    from vllm import LLM, SamplingParams
    from vllm.sampling_params import StructuredOutputsParams

    found: Any = vllm_generation
    found.LLM, found.SamplingParams, found.StructuredOutputsParams = LLM, SamplingParams, StructuredOutputsParams
    found.is_vllm_available = lambda *_, **__: True


@contextmanager
def _plain_weights() -> Iterator[None]:
    """While a model is loaded, vLLM 0.32 finds neither of the two libraries that it packs weights for on a CPU."""
    from vllm import _custom_ops
    from vllm.model_executor.layers import utils

    ops: Any = _custom_ops
    kept = ops._supports_onednn, utils.check_cpu_sgl_kernel
    ops._supports_onednn, utils.check_cpu_sgl_kernel = False, lambda *_: False
    try:
        yield
    finally:
        ops._supports_onednn, utils.check_cpu_sgl_kernel = kept
