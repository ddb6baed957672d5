"""The folder that is served: weights, tokenizer, settings, card and checksums."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict
from pathlib import Path

import torch
from transformers import GenerationConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from models.recipe.card import card, curve
from models.recipe.config import RecipeConfig
from models.recipe.evaluate import Evaluation
from models.recipe.train import read_metrics

CHECKSUMS = "SHA256SUMS"


class TooLarge(RuntimeError):
    """The weights are larger than what the repository takes."""


def export(
    config: RecipeConfig, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, evaluation: Evaluation
) -> None:
    """Write the served folder; an older one is replaced only when the new one is complete.

    Raises:
        TooLarge: the weights take more than the config allows.
    """
    partial = config.output_dir.with_name(f"{config.output_dir.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    model.to(torch.bfloat16)
    model.generation_config = GenerationConfig(
        do_sample=True,
        temperature=0.7,
        top_p=0.95,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model.save_pretrained(partial)
    tokenizer.save_pretrained(partial)
    size = (partial / "model.safetensors").stat().st_size
    if size > config.max_weight_mib * 2**20:
        raise TooLarge(
            f"The weights take {size} bytes, more than {config.max_weight_mib:g} MiB: make the model smaller."
        )
    metrics = read_metrics(config.work_dir)
    curve(metrics, partial / "training.png")
    settings = config.model_dump_json(indent=2, exclude={"work_dir", "output_dir"})
    (partial / "recipe.json").write_text(settings + "\n", encoding="utf-8")
    gates = [{**asdict(gate), "interval": gate.share.interval, "decision": gate.decision} for gate in evaluation.gates]
    (partial / "evaluation.json").write_text(json.dumps(gates, indent=2) + "\n", encoding="utf-8")
    parameters = sum(parameter.numel() for parameter in model.parameters())
    (partial / "README.md").write_text(card(config, parameters, metrics, evaluation), encoding="utf-8")
    sums = "".join(f"{sha256(path)}  {path.name}\n" for path in sorted(partial.iterdir()))
    (partial / CHECKSUMS).write_text(sums, encoding="utf-8")
    shutil.rmtree(config.output_dir, ignore_errors=True)
    partial.rename(config.output_dir)


def sha256(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
