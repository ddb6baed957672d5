"""The gate's engines: refused with figures where they do not fit side by side."""

from pathlib import Path

import pytest

from alignment.memory.limit import GIB
from attune.trial_memory import require_room, require_room_for_gate
from server.controller import platform
from server.controller.errors import NoRoom
from server.controller.settings import EngineSettings


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "model.safetensors").write_bytes(b"0" * 2**20)
    return tmp_path


def test_engines_that_do_not_fit_are_refused_with_figures(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "detect", lambda: "cpu")
    settings = EngineSettings(kv_cache_gib=2)
    require_room(model, 2, settings, available=8 * GIB)
    with pytest.raises(NoRoom, match=r"2 engines of 3\.5 GiB .* 6\.0 GiB are free.*ATTUNE_KV_CACHE_GIB.*--no-gate"):
        require_room(model, 2, settings, available=6 * GIB)


def test_on_a_cpu_the_gate_serves_candidate_and_parent_apart(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "detect", lambda: "cpu")
    monkeypatch.setenv("ATTUNE_ADAPTER_FORM", "merged")
    with pytest.raises(NoRoom, match="2 engines"):
        require_room_for_gate(model, available=4 * GIB)
    monkeypatch.setenv("ATTUNE_ADAPTER_FORM", "loaded")
    require_room_for_gate(model, available=4 * GIB)
