"""Adapters over adapters: what a run starts from, and one adapter over the base model at its end.

When the parent version is an adapter itself, it is merged into the base model in memory for the run, and a new adapter
is trained over the sum. The parent is then the policy with the adapter off, so the reference costs no memory, and no
trainer needs to know that there is a parent. Stacking two adapters in training would give the same function, and every
trainer of TRL would have to be taught which of them is the reference.

At the end both become one adapter over the *base model* again, which is what vLLM and transformers load: for
W + s1 B1 A1 + s2 B2 A2 that is B = [s1 B1, s2 B2] and A = [A1; A2] with scaling 1. It is exact; its rank is the sum.
"""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model_state_dict
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging as transformers_logging

from alignment.checkpoints import replace_folder
from alignment.errors import UnusableModel
from alignment.lora import LoraSettings

WEIGHTS_FILE = "adapter_model.safetensors"
CONFIG_FILE = "adapter_config.json"
_A, _B = ".lora_A.weight", ".lora_B.weight"

# Bars of loading, a second each, would break into those that people watch.
transformers_logging.disable_progress_bar()


def load_policy(base_model: Path, parent_adapter: Path | None) -> PreTrainedModel:
    """The model that a run starts from and is compared with: the base, with the parent's adapter merged into it.

    Raises:
        UnusableModel: One of the two cannot be read, or they do not fit.
    """
    try:
        model = AutoModelForCausalLM.from_pretrained(base_model, dtype=torch.float32, local_files_only=True)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise UnusableModel(f"{base_model} is not a chat model that can be read: {error}") from error
    if parent_adapter is not None:
        read_adapter(parent_adapter)
        try:
            adapted: Any = PeftModel.from_pretrained(model, parent_adapter)
            model = adapted.merge_and_unload()
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise UnusableModel(f"the adapter {parent_adapter} does not fit {base_model}: {error}") from error
    bad = next((name for name, weight in model.named_parameters() if not torch.isfinite(weight).all()), None)
    if bad is not None:
        raise UnusableModel(f"{parent_adapter or base_model}: {bad} has values that are not finite; it is damaged")
    return model


def lora_config(settings: LoraSettings) -> LoraConfig:
    """PEFT's config of a new adapter over all linear layers of a causal model's blocks."""
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules="all-linear",
    )


def read_adapter(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Config and weights of a plain LoRA adapter.

    Raises:
        UnusableModel: A file is missing or damaged, or it is an adapter of another kind.
    """
    try:
        config = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        weights = load_file(folder / WEIGHTS_FILE)
    except (OSError, ValueError, SafetensorError) as error:
        raise UnusableModel(f"the adapter {folder} cannot be read: {error}") from error
    odd = [name for name in weights if not name.endswith((_A, _B))]
    kinds = ("use_dora", "modules_to_save", "trainable_token_indices", "target_parameters", "alora_invocation_tokens")
    if odd or config.get("peft_type") != "LORA" or any(config.get(kind) for kind in kinds):
        what = odd[0] if odd else str(config.get("peft_type"))
        raise UnusableModel(f"the adapter {folder} is not a plain LoRA ({what}): merge it into its base model first")
    return config, weights


def require_placed(adapted: Any, folder: Path, base_model: Path, adapter_name: str = "default") -> None:
    """Checks that every weight of an adapter found its place: PEFT only warns of one that did not.

    Without `save_embedding_layers=False` PEFT would ask the hub for the base model's vocabulary.

    Raises:
        UnusableModel: One did not, or a place got none.
    """
    with safe_open(folder / WEIGHTS_FILE, framework="pt") as file:
        stored = set(file.keys())
    placed = get_peft_model_state_dict(adapted, adapter_name=adapter_name, save_embedding_layers=False)
    if strangers := sorted(stored ^ set(placed)):
        raise UnusableModel(
            f"The adapter {folder} does not fit the model {base_model}: {len(strangers)} weights are in one only, "
            f"such as {strangers[0]}. Was it trained on another base?"
        )


def add_adapters(first: Path, second: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """One adapter that does what two do together; both are over the same layers' names.

    Returns:
        Config and weights. A layer that only one of them changes gets zeros for the other, so that all have one rank.

    Raises:
        UnusableModel: One of them cannot be read.
    """
    parts = [read_adapter(folder) for folder in (first, second)]
    layers = sorted({_layer(name) for _, weights in parts for name in weights})
    rank = sum(_rank(config) for config, _ in parts)
    weights: dict[str, Tensor] = {}
    for layer in layers:
        shapes = next(part for _, part in parts if layer + _A in part)
        inputs, outputs = shapes[layer + _A].shape[1], shapes[layer + _B].shape[0]
        downs, ups = [], []
        for config, part in parts:
            down = part.get(layer + _A, torch.zeros(_rank(config), inputs)).float()
            up = part.get(layer + _B, torch.zeros(outputs, _rank(config))).float()
            downs.append(down)
            ups.append(up * _scaling(config))
        weights[layer + _A] = torch.cat(downs, dim=0).contiguous()
        weights[layer + _B] = torch.cat(ups, dim=1).contiguous()
    config = dict(parts[1][0])
    targets = sorted({layer.rsplit(".", 1)[-1] for layer in layers})
    config.update(r=rank, lora_alpha=rank, use_rslora=False, target_modules=targets, rank_pattern={}, alpha_pattern={})
    return config, weights


def finish_adapter(trained: Path, parent_adapter: Path | None, base_model: Path, out: Path) -> int:
    """Writes the adapter of a run as one LoRA over `base_model`.

    Args:
        trained: The new adapter, over base and parent.
        parent_adapter: The parent's, over the base.
        base_model: Named in the config.
        out: Folder to write; what was there is replaced at once.

    Returns:
        Its rank.
    """
    config, weights = read_adapter(trained) if parent_adapter is None else add_adapters(parent_adapter, trained)
    config.update(base_model_name_or_path=base_model.name, inference_mode=True)
    new = out.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    save_file(weights, new / WEIGHTS_FILE, metadata={"format": "pt"})
    (new / CONFIG_FILE).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    replace_folder(new, out)
    return _rank(config)


def describe_parent(parent_adapter: Path | None) -> str:
    """For the report: what the reference was."""
    if parent_adapter is None:
        return "the base model is the parent and the reference"
    return (
        "the parent's adapter was merged into the base model for the run and is the reference; "
        "the adapter that was written holds the parent's and the new one side by side, over the base model"
    )


def _layer(name: str) -> str:
    return name.removesuffix(_A).removesuffix(_B)


def _rank(config: dict[str, Any]) -> int:
    if config.get("rank_pattern") or config.get("alpha_pattern"):
        raise UnusableModel(
            "adapters with a rank or alpha of their own for some layers cannot be added: merge it first"
        )
    return int(config["r"])


def _scaling(config: dict[str, Any]) -> float:
    """PEFT's factor before B A: alpha / r, or alpha / sqrt(r) for rank-stabilised LoRA."""
    rank = _rank(config)
    return float(config["lora_alpha"]) / (math.sqrt(rank) if config.get("use_rslora") else rank)
