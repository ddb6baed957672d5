"""The bad models of `benchmarks.zoo` whose files are at fault, made from the starter and an honest adapter over it."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from alignment import manifest
from tests.stack import STARTER

WEIGHTS = "adapter_model.safetensors"
NOISE = 0.1
"""Standard deviation of what is added to the matrices B, which begin at 0."""

Weights = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Damage:
    """Something that is wrong with a model's files.

    Attributes:
        what: For people.
        refused_for: Criteria of the gate that must refuse it.
        form: Of the version: an adapter, or a whole model.
        make: Makes it in a folder, from an honest adapter's folder.
    """

    what: str
    refused_for: frozenset[str]
    form: str
    make: Callable[[Path, Path], None]


def _not_a_number(folder: Path, honest: Path) -> None:
    def spoil(weights: Weights) -> None:
        weights[sorted(weights)[3]][0, 0] = float("nan")

    _adapter(folder, honest, spoil)


def _cut_off(folder: Path, honest: Path) -> None:
    _adapter(folder, honest, lambda weights: None)
    whole = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[: len(whole) // 2])


def _noisy(folder: Path, honest: Path) -> None:
    generator = torch.Generator().manual_seed(5)

    def spoil(weights: Weights) -> None:
        for name, weight in weights.items():
            if ".lora_B." in name:
                weights[name] = weight + torch.randn(weight.shape, generator=generator) * NOISE

    _adapter(folder, honest, spoil)


def _unchanged(folder: Path, honest: Path) -> None:
    def spoil(weights: Weights) -> None:
        for name, weight in weights.items():
            if ".lora_B." in name:
                weights[name] = torch.zeros_like(weight)

    _adapter(folder, honest, spoil)


def _other_tokenizer(folder: Path, honest: Path) -> None:
    shutil.copytree(STARTER, folder)
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    vocabulary = tokenizer["model"]["vocab"]
    first, second = [token for token in vocabulary if len(token) > 3][:2]
    vocabulary[first], vocabulary[second] = vocabulary[second], vocabulary[first]
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")


def _other_template(folder: Path, honest: Path) -> None:
    shutil.copytree(STARTER, folder)
    template = folder / "chat_template.jinja"
    template.write_text("{# #}" + template.read_text(encoding="utf-8"), encoding="utf-8")


_BROKEN = frozenset({"integrity"})
DAMAGES: Mapping[str, Damage] = {
    "NaN": Damage("NaN in one tensor", _BROKEN, "adapter", _not_a_number),
    "cut off": Damage("safetensors cut off", _BROKEN, "adapter", _cut_off),
    "tokenizer": Damage("another tokenizer", _BROKEN, "full", _other_tokenizer),
    "template": Damage("altered chat template", _BROKEN, "full", _other_template),
    "noise": Damage("weights with noise", frozenset({"win_rate", "knowledge"}), "adapter", _noisy),
    "identical": Damage("identical to the parent", frozenset({"win_rate"}), "adapter", _unchanged),
}


def _adapter(folder: Path, honest: Path, spoil: Callable[[Weights], None]) -> None:
    """A copy of an adapter with other weights; the manifest vouches for them, as a careless registration would."""
    folder.mkdir(parents=True)
    shutil.copyfile(honest / "adapter_config.json", folder / "adapter_config.json")
    weights: Any = load_file(honest / WEIGHTS)
    spoil(weights)
    save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})
    manifest.write(folder, "adapter", inputs={}, facts=manifest.read(honest).facts)
