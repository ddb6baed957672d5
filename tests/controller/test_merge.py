"""An adapter added to its base model's weights is what PEFT makes of the two."""

import json
from pathlib import Path
from typing import Any

import pytest

from server.controller.merge import Unmergeable, merge
from tests.random_model import write_random_model

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_model(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def adapter(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA over all linear layers with weights that change something."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    model: Any = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    adapted = get_peft_model(model, LoraConfig(r=4, lora_alpha=12, target_modules="all-linear", task_type="CAUSAL_LM"))
    for name, weight in adapted.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weight, std=0.1)
    folder = tmp_path_factory.mktemp("adapter")
    adapted.save_pretrained(folder, save_embedding_layers=False)
    return folder


def test_the_merged_model_computes_what_the_adapter_over_the_base_does(
    base: Path, adapter: Path, tmp_path: Path
) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    assert merge(base, adapter, tmp_path / "merged", "float32") == 14  # seven linear layers in each of two blocks
    ids = torch.arange(20)[None]
    plain: Any = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    merged: Any = AutoModelForCausalLM.from_pretrained(tmp_path / "merged", dtype=torch.float32)
    with torch.inference_mode():
        unchanged = plain(input_ids=ids).logits
        adapted = PeftModel.from_pretrained(plain, str(adapter))(input_ids=ids).logits
        ours = merged(input_ids=ids).logits
    assert (ours - adapted).abs().max() < 1e-4
    assert (ours - unchanged).abs().max() > 0.1


def test_the_tokenizer_and_the_template_come_along(base: Path, adapter: Path, tmp_path: Path) -> None:
    merge(base, adapter, tmp_path / "merged", "auto")
    for path in base.iterdir():
        assert (tmp_path / "merged" / path.name).exists()


def test_changed_weights_are_stored_as_asked(base: Path, adapter: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    for dtype, stored in (("float32", torch.float32), ("auto", torch.bfloat16)):
        merge(base, adapter, tmp_path / dtype, dtype)
        weights = load_file(tmp_path / dtype / "model.safetensors")
        assert weights["model.layers.0.mlp.up_proj.weight"].dtype == stored


@pytest.mark.parametrize("key", ["use_dora", "rank_pattern", "modules_to_save"])
def test_what_is_no_plain_lora_is_refused(base: Path, adapter: Path, tmp_path: Path, key: str) -> None:
    changed = _copy(adapter, tmp_path / "adapter")
    config = json.loads((changed / "adapter_config.json").read_text())
    (changed / "adapter_config.json").write_text(json.dumps(config | {key: {"x": 1}}))
    with pytest.raises(Unmergeable, match="plain LoRA"):
        merge(base, changed, tmp_path / "merged", "auto")


def test_an_adapter_over_another_base_is_refused(base: Path, adapter: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    changed = _copy(adapter, tmp_path / "adapter")
    weights = load_file(changed / "adapter_model.safetensors")
    moved = {name.replace("layers.1", "layers.7"): tensor for name, tensor in weights.items()}
    save_file(moved, changed / "adapter_model.safetensors")
    with pytest.raises(Unmergeable, match=r"layers\.7"):
        merge(base, changed, tmp_path / "merged", "auto")


def _copy(folder: Path, to: Path) -> Path:
    to.mkdir()
    for path in folder.iterdir():
        (to / path.name).write_bytes(path.read_bytes())
    return to
