"""One adapter over the base model does what the parent's and the new one did together."""

from pathlib import Path

import pytest
import torch
from peft import PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

from alignment.adapters import finish_adapter, load_policy, lora_config
from alignment.errors import UnusableModel
from alignment.lora import LoraSettings


def _random_adapter(base: torch.nn.Module, folder: Path, rank: int, seed: int) -> torch.nn.Module:
    torch.manual_seed(seed)
    model = get_peft_model(base, lora_config(LoraSettings(rank=rank, alpha=3 * rank)))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.normal_(std=0.1)
    model.save_pretrained(folder)
    return model


def _logits(model: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        return model(input_ids=torch.arange(3, 40)[None]).logits


def test_parent_and_new_adapter_become_one_over_the_base(tiny_chat_model: Path, tmp_path: Path) -> None:
    base = AutoModelForCausalLM.from_pretrained(tiny_chat_model, dtype=torch.float32)
    _random_adapter(base, tmp_path / "parent", 4, 0)
    run = load_policy(tiny_chat_model, tmp_path / "parent")
    trained = _random_adapter(run, tmp_path / "new", 6, 1)
    rank = finish_adapter(tmp_path / "new", tmp_path / "parent", tiny_chat_model, tmp_path / "adapter")
    fresh = AutoModelForCausalLM.from_pretrained(tiny_chat_model, dtype=torch.float32)
    loaded = PeftModel.from_pretrained(fresh, tmp_path / "adapter")
    assert rank == 10
    torch.testing.assert_close(_logits(loaded), _logits(trained), rtol=1e-4, atol=1e-4)


def test_a_damaged_adapter_is_refused(tiny_chat_model: Path, tmp_path: Path) -> None:
    base = AutoModelForCausalLM.from_pretrained(tiny_chat_model, dtype=torch.float32)
    _random_adapter(base, tmp_path / "parent", 4, 0)
    weights = tmp_path / "parent/adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(UnusableModel, match="cannot be read"):
        load_policy(tiny_chat_model, tmp_path / "parent")
