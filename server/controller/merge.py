"""Adds an adapter to its base model's weights: W + s B A for every layer that it changes.

`python -m server.controller.merge BASE ADAPTER OUT DTYPE` writes a model folder. It is a process of its own because
torch is large and the controller must stay small. The weights are computed in float32 and stored as DTYPE, what the
engine computes in (`auto`: as the base has them): anything coarser would round small changes away before the engine
does.
"""

import json
import math
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_PREFIX = "base_model.model."
_DOWN, _UP = ".lora_A.weight", ".lora_B.weight"


class Unmergeable(Exception):
    """The adapter is of a kind that cannot be added to the weights, or does not fit the base model."""


def merge(base: Path, adapter: Path, out: Path, dtype: str) -> int:
    """Writes the sum to a new folder.

    Args:
        base: Model folder with safetensors weights.
        adapter: PEFT folder of a LoRA over that model.
        out: Is made; must not be there.
        dtype: What changed weights are stored as: `float32`, `bfloat16`, `float16` or `auto`.

    Returns:
        How many weights were changed.

    Raises:
        Unmergeable: It is no plain LoRA, or changes a weight that the base does not have.
    """
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file

    factor = _factor(json.loads((adapter / "adapter_config.json").read_bytes()))
    lora = load_file(adapter / "adapter_model.safetensors")
    left = _layers(lora)
    out.mkdir(parents=True)
    for path in _descriptions(base):
        shutil.copyfile(path, out / path.name)
    for file in sorted(base.glob("*.safetensors")):
        tensors = {}
        with safe_open(file, framework="pt") as weights:
            metadata = weights.metadata()
            for name in weights.keys():  # noqa: SIM118 - it is no mapping
                tensor = weights.get_tensor(name)
                if name in left:
                    layer = left.pop(name)
                    tensor = _sum(tensor, lora[layer + _DOWN], lora[layer + _UP], factor, dtype)
                tensors[name] = tensor
        save_file(tensors, out / file.name, metadata=metadata)
    if left:
        raise Unmergeable(f"{adapter} changes {next(iter(left))}, which {base} does not have: is it over another base?")
    return len(lora) // 2


def _layers(lora: dict[str, Any]) -> dict[str, str]:
    """For each weight of the base that is changed, the layer's name in the adapter."""
    odd = [name for name in lora if not (name.startswith(_PREFIX) and name.endswith((_DOWN, _UP)))]
    if odd:
        raise Unmergeable(f"the adapter holds {odd[0]}, so it is no plain LoRA")
    layers = {name.removesuffix(_DOWN) for name in lora if name.endswith(_DOWN)}
    return {layer.removeprefix(_PREFIX) + ".weight": layer for layer in sorted(layers)}


def _factor(config: dict[str, Any]) -> float:
    """PEFT's factor before B A: alpha / r, or alpha / sqrt(r) for rank-stabilised LoRA."""
    special = ("use_dora", "modules_to_save", "rank_pattern", "alpha_pattern", "fan_in_fan_out", "target_parameters")
    if config.get("peft_type") != "LORA" or any(config.get(key) for key in special):
        raise Unmergeable("the adapter is no plain LoRA with one rank: serve it as an adapter instead")
    rank = int(config["r"])
    return float(config["lora_alpha"]) / (math.sqrt(rank) if config.get("use_rslora") else rank)


def _sum(weight: Any, down: Any, up: Any, factor: float, dtype: str) -> Any:
    import torch

    whole = weight.float() + factor * (up.float() @ down.float())
    return whole.to(weight.dtype if dtype == "auto" else getattr(torch, dtype)).contiguous()


def _descriptions(base: Path) -> Iterator[Path]:
    """What belongs to a model besides its weights. An index stays true: no tensor changes its file."""
    for pattern in ("*.json", "*.jinja", "*.model", "*.txt"):
        yield from sorted(base.glob(pattern))


def main(base: str, adapter: str, out: str, dtype: str) -> int:
    """Returns the exit status: 0, or 1 with a sentence on standard error."""
    try:
        merge(Path(base), Path(adapter), Path(out), dtype)
    except (Unmergeable, OSError, ValueError, KeyError, RuntimeError) as error:
        sys.stderr.write(f"MergeError: {adapter} cannot be merged into {base}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
