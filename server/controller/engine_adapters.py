"""A plugin of vLLM: on a CPU, requests without an adapter are answered without one, whoever shares their batch.

vLLM marks the tokens of such requests with -1 in a batch where others have an adapter, and its kernels for CPU take
that for the last place in the table of adapters: docs/decisions/0013-adapters-on-cpu.md. It is an entry point of the
group `vllm.general_plugins` in pyproject.toml.
"""

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

_NO_ADAPTER = -1


def register() -> None:
    """Takes the place of vLLM's multiplication with A, if this vLLM computes on a CPU; may be called again."""
    from vllm.platforms import current_platform

    if not current_platform.is_cpu():
        return
    from vllm.lora.ops.torch_ops import lora_ops
    from vllm.lora.punica_wrapper import punica_cpu

    if not hasattr(lora_ops, "bgmv_shrink") or not hasattr(punica_cpu, "bgmv_shrink"):
        log.warning("This vLLM computes adapters in another way than the one that Attune knows; it is left as it is.")
        return
    original = lora_ops.bgmv_shrink
    if original.__module__ == __name__:
        return

    def bgmv_shrink(
        inputs: "torch.Tensor",
        lora_a_weights: "torch.Tensor",
        output_tensor: "torch.Tensor",
        lora_indices_tensor: "torch.Tensor",
        scaling: float = 1.0,
    ) -> None:
        """As vLLM's, s·A·x for each token with the A of its adapter; zero for tokens without one, and so is B·A·x.

        Args:
            inputs: x, (tokens, in).
            lora_a_weights: Of every place, (places, 1, rank, in).
            output_tensor: Is written, (tokens, rank).
            lora_indices_tensor: Each token's place, (tokens,); -1 without an adapter.
            scaling: s.
        """
        original(inputs, lora_a_weights, output_tensor, lora_indices_tensor, scaling)
        output_tensor[lora_indices_tensor == _NO_ADAPTER] = 0

    lora_ops.bgmv_shrink = punica_cpu.bgmv_shrink = bgmv_shrink
