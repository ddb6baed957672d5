"""TRL's trainers and configs: the one place that imports them."""

import warnings

import torch
from huggingface_hub import constants
from trl import import_utils

from alignment.memory.need import HEAD_TOKENS


def _hide_vllm_on_cpu() -> None:
    """Keeps TRL from importing vLLM where it is not used.

    With GRPOTrainer TRL imports vLLM wherever it is installed, for its colocated engine, which is not what answers by
    default on a CPU: there the import only costs seconds, memory and a warning about vLLM's version. Who asks for that
    engine gets it (`alignment.ppo.colocated`). Can go when TRL imports it on first use.
    """
    if not torch.cuda.is_available():
        import_utils.is_vllm_available = lambda *_, **__: False


def _score_only_labels_on_cpu() -> None:
    """Has TRL compute the logits of a prompt's tokens on a CPU as little as it does on a GPU: not at all.

    TRL's fused head (`add_fused_lm_head`, TRL 1.16) picks the labelled positions on Triton's devices only, because
    elsewhere shapes that change would be compiled again and again. On a CPU nothing is compiled, and the logits of
    prompts and padding took half of a training step. Can go when TRL picks them on a CPU too.
    """
    on_triton = utils._use_triton
    utils._use_triton = lambda device: device.type == "cpu" or on_triton(device)


def _small_tiles_on_cpu() -> None:
    """Has TRL compute the logits of fewer tokens at a time: of 4,096, a tile and its copies take 2.5 GiB.

    Can go when TRL's tiles can be set.
    """
    if not torch.cuda.is_available():
        chunked_logprob.TOKEN_CHUNK_SIZE = HEAD_TOKENS


# TRL's trainers report each training to the hub when they are made; nobody here was asked whether they may.
constants.HF_HUB_DISABLE_TELEMETRY = True
_hide_vllm_on_cpu()
with warnings.catch_warnings():
    # TRL 1.16 warns at import about every version of vLLM that it was not tested with.
    warnings.filterwarnings("ignore", message="TRL currently supports vLLM")
    from trl import (
        DPOConfig,
        DPOTrainer,
        GRPOConfig,
        GRPOTrainer,
        KTOConfig,
        KTOTrainer,
        RewardConfig,
        RewardTrainer,
        SFTConfig,
        SFTTrainer,
    )
    from trl.kernels import chunked_logprob
    from trl.trainer import utils

_score_only_labels_on_cpu()
_small_tiles_on_cpu()

__all__ = [
    "DPOConfig",
    "DPOTrainer",
    "GRPOConfig",
    "GRPOTrainer",
    "KTOConfig",
    "KTOTrainer",
    "RewardConfig",
    "RewardTrainer",
    "SFTConfig",
    "SFTTrainer",
]
