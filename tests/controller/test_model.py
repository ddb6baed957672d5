"""Checking a model before an engine is started with it, and knowing it again."""

import json
from pathlib import Path

import pytest

from ledger.model_files import fingerprint
from server.controller.control_tokens import control_tokens
from server.controller.download import is_hub_id, locate
from server.controller.errors import EngineFailed, ModelUnusable
from server.controller.memory import require_memory
from server.controller.model import Model, inspect, vllm_architectures
from server.controller.settings import EngineSettings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like a model."""
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"]}))
    (model / "model.safetensors").write_bytes(b"weights")
    (model / "tokenizer.json").write_text(json.dumps({"added_tokens": []}))
    return model


def test_a_whole_model_is_accepted(folder: Path) -> None:
    assert inspect(folder) == Model(folder, "LlamaForCausalLM", weights_bytes=7)


@pytest.mark.parametrize(
    ("missing", "named"),
    [("config.json", "config.json"), ("model.safetensors", "weights"), ("tokenizer.json", "tokenizer")],
)
def test_what_is_missing_is_named(folder: Path, missing: str, named: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(ModelUnusable, match=named):
        inspect(folder)


def test_a_folder_that_is_not_there_is_named() -> None:
    with pytest.raises(ModelUnusable, match="no model folder /nowhere/at/all"):
        inspect(locate("/nowhere/at/all", lambda text: None))


def test_an_architecture_that_vllm_does_not_know_is_refused(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"architectures": ["PerceptronForCausalLM"]}))
    with pytest.raises(ModelUnusable, match="PerceptronForCausalLM"):
        inspect(folder)


def test_a_damaged_configuration_is_named(folder: Path) -> None:
    (folder / "config.json").write_text("{")
    with pytest.raises(ModelUnusable, match=r"config\.json cannot be read"):
        inspect(folder)


def test_the_architectures_of_the_installed_vllm_are_found() -> None:
    assert {"LlamaForCausalLM", "Qwen3ForCausalLM"} <= vllm_architectures()
    assert "PerceptronForCausalLM" not in vllm_architectures()


@pytest.mark.parametrize(
    ("name", "hub"), [("Qwen/Qwen3-0.6B", True), ("./model", False), ("/a/b", False), ("a", False)]
)
def test_a_hub_id_is_told_from_a_folder(name: str, hub: bool) -> None:
    assert is_hub_id(name) is hub


def test_a_hub_model_is_found_in_the_hubs_cache_without_a_network(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = "0123456789abcdef0123456789abcdef01234567"
    cached = tmp_path / "hub" / "models--acme--tiny"
    snapshot = cached / "snapshots" / revision
    for made in (cached / "blobs", cached / "refs", snapshot):
        made.mkdir(parents=True)
    (cached / "refs" / "main").write_text(revision)
    for file in folder.iterdir():
        # As the hub's cache has it: the contents by their hash, and links with their names.
        file.rename(cached / "blobs" / file.name)
        (snapshot / file.name).symlink_to(Path("../../blobs") / file.name)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    said: list[str] = []
    found = locate("acme/tiny", said.append)
    assert found == snapshot
    assert inspect(found).weights_bytes == 7
    assert said == ["fetching acme/tiny from the hub"]
    with pytest.raises(ModelUnusable, match="acme/other is neither a folder here nor could it be fetched"):
        locate("acme/other", said.append)


def test_a_fingerprint_changes_with_weights_and_configuration_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = fingerprint(inspect(folder).path, cache)
    (folder / "notes.md").write_text("not part of the model")
    assert fingerprint(inspect(folder).path, cache) == first
    (folder / "model.safetensors").write_bytes(b"weighty")
    second = fingerprint(inspect(folder).path, cache)
    (folder / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"], "rope_theta": 1}))
    third = fingerprint(inspect(folder).path, cache)
    assert len({first, second, third}) == 3


def test_a_model_is_known_again_elsewhere(folder: Path, tmp_path: Path) -> None:
    first = fingerprint(inspect(folder).path, tmp_path / "cache")
    moved = folder.rename(tmp_path / "moved")
    assert fingerprint(inspect(moved).path, tmp_path / "other") == first


def test_too_little_memory_is_said_with_the_figures(tmp_path: Path) -> None:
    model = Model(tmp_path, "LlamaForCausalLM", weights_bytes=3 * 2**30)
    with pytest.raises(EngineFailed, match=r"weights take 3\.0 GiB.*4\.5 GiB are free"):
        require_memory(model, EngineSettings(kv_cache_gib=2), available=int(4.5 * 2**30))
    require_memory(model, EngineSettings(kv_cache_gib=1), available=int(4.5 * 2**30))


def test_control_tokens_are_every_special_token_and_what_the_template_writes(folder: Path) -> None:
    added = [
        {"content": "<|im_start|>", "special": True},
        {"content": "<tool_call>", "special": False},
        {"content": "internet", "special": False},
    ]
    (folder / "tokenizer.json").write_text(json.dumps({"added_tokens": added}))
    config = {
        "eos_token": {"content": "</s>"},
        "pad_token": None,
        "add_bos_token": True,
        "chat_template": "<tool_call>",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "special_tokens_map.json").write_text(json.dumps({"additional_special_tokens": ["<|im_end|>"]}))
    assert control_tokens(folder) == ("<|im_start|>", "<tool_call>", "<|im_end|>", "</s>")


def test_tokens_of_a_template_in_its_own_file_count(folder: Path) -> None:
    (folder / "tokenizer.json").write_text(json.dumps({"added_tokens": [{"content": "<turn>", "special": False}]}))
    (folder / "chat_template.jinja").write_text("{{ '<turn>' }}")
    assert control_tokens(folder) == ("<turn>",)
