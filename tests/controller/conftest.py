"""A small stand-in for vLLM: a fake engine with a child that is named like vLLM's, and a model folder for it."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    """What passes for a model; the fake engine does not look into it."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"]}))
    (folder / "model.safetensors").write_bytes(b"weights")
    tokens = [{"content": "<|im_start|>", "special": True}]
    (folder / "tokenizer.json").write_text(json.dumps({"added_tokens": tokens}))
    return folder


@pytest.fixture
def fake_vllm(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A command like vLLM's: a server, and a process `VLLM::EngineCore` in another session than the server's.

    Like vLLM's, that process does not end by itself when the server does.
    """
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    core = "setsid bash -c 'exec -a VLLM::EngineCore sleep 1000' & "
    return ["bash", "-c", f'{core} exec {sys.executable} -m tests.fake_engine "$@"', "engine"]
