"""The engine of a comparison: it comes, it goes, and its failure is a sentence."""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from attune import trial_engine
from attune.errors import WrongUsage
from evals.answering import answer_both, answer_prompts
from evals.endpoint import Endpoint, Sampling, Served, require_models
from evals.tasks import shipped
from ledger.clock import utc_now
from ledger.records import ModelVersion
from server.controller.errors import EngineFailed
from server.controller.processes import inhabitants

ROOT = Path(__file__).resolve().parents[2]
BASE = ModelVersion(1, None, "base", "/models/base", "b", "live", utc_now())


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with tempfile.TemporaryDirectory(prefix="attune-") as folder:
        monkeypatch.setenv("ATTUNE_HOME", folder)
        yield Path(folder)


def run_instead(monkeypatch: pytest.MonkeyPatch, *command: str) -> None:
    def fake_command(settings: object, platform: object, *, model: Path, name: str, socket: Path) -> list[str]:
        return [*command, "--uds", str(socket), "--served-model-name", name]

    monkeypatch.setattr(trial_engine, "command", fake_command)
    monkeypatch.setattr(trial_engine.platform, "detect", lambda: "cpu")


async def test_it_serves_while_the_block_runs_and_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_instead(monkeypatch, sys.executable, "-m", "tests.fake_engine")
    said: list[str] = []
    async with trial_engine.trial_engines(home, BASE, [BASE], said.append) as urls:
        await require_models(Endpoint(urls["attune@v1"]), ["attune@v1"])
        assert inhabitants(home / "trial" / "run")
    assert not inhabitants(home / "trial" / "run")
    assert said == ["engine of attune@v1: importing vLLM"]


async def test_an_engine_that_ends_by_itself_is_named_with_its_log(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_instead(monkeypatch, "bash", "-c", "echo 'ValueError: no such model'; exit 3")
    with pytest.raises(EngineFailed, match=r"no such model.*engine-eng.*\.log"):
        async with trial_engine.trial_engines(home, BASE, [BASE], lambda line: None):
            pass


def test_adapters_are_served_under_their_names_with_the_next_rank_that_vllm_takes(tmp_path: Path) -> None:
    folders = []
    for rank in (2, 12):
        folder = tmp_path / f"rank{rank}"
        folder.mkdir()
        (folder / "adapter_config.json").write_text(json.dumps({"r": rank}))
        folders.append(str(folder))
    adapters = [
        ModelVersion(number, 1, "adapter", path, str(number), "candidate", utc_now())
        for number, path in enumerate(folders, start=2)
    ]
    arguments = trial_engine._adapters(BASE, [BASE, *adapters], "cuda")
    assert arguments[arguments.index("--max-lora-rank") + 1] == "16"
    assert arguments[arguments.index("--lora-modules") + 1 :] == [
        f"attune@v2={folders[0]}",
        f"attune@v3={folders[1]}",
    ]
    assert trial_engine._adapters(BASE, [BASE], "cuda") == []


@pytest.fixture
def base_and_adapter(random_adapters: tuple[Path, Path, Path]) -> tuple[ModelVersion, ModelVersion]:
    """A model with a random adapter over it."""
    model, adapter, _ = random_adapters
    base = replace(BASE, path=str(model))
    return base, replace(base, number=2, parent_number=1, form="adapter", path=str(adapter))


async def test_where_adapters_are_merged_each_version_has_an_engine_of_its_own(
    home: Path, base_and_adapter: tuple[ModelVersion, ModelVersion], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_instead(monkeypatch, sys.executable, "-m", "tests.fake_engine")
    base, adapter = base_and_adapter
    async with trial_engine.trial_engines(home, base, [adapter, base], lambda line: None) as urls:
        assert len(set(urls.values())) == 2
        for name, url in urls.items():
            await require_models(Endpoint(url), [name])
        assert len(list((home / "trial").glob("weights_*/merged/v2-*"))) == 1
    assert not inhabitants(home / "trial" / "run")
    assert not list((home / "trial").glob("weights_*"))


async def test_one_engine_that_fails_ends_the_others(
    home: Path, base_and_adapter: tuple[ModelVersion, ModelVersion], monkeypatch: pytest.MonkeyPatch
) -> None:
    base, adapter = base_and_adapter
    fails = f"echo 'ValueError: no such model'; [ $4 = {base.name} ] && exit 3; sleep 600"
    run_instead(monkeypatch, "bash", "-c", fails, "engine")
    with pytest.raises(EngineFailed, match="no such model"):
        async with trial_engine.trial_engines(home, base, [adapter, base], lambda line: None):
            pass
    assert not inhabitants(home / "trial" / "run")


@pytest.mark.engine
@pytest.mark.timeout(600)
async def test_base_and_adapter_in_one_batch_answer_as_they_do_alone(
    home: Path, base_and_adapter: tuple[ModelVersion, ModelVersion], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CPU kernels of vLLM 0.32 alone would answer for the base as the adapter in the last place."""
    monkeypatch.setenv("ATTUNE_ADAPTER_FORM", "loaded")
    base, adapter = base_and_adapter
    adapter = replace(adapter, path=str(_stronger(Path(adapter.path), home / "stronger")))
    prompts, sampling = shipped.open_prompts(), Sampling(max_tokens=24, temperature=None, seed=17)
    async with trial_engine.trial_engines(home, base, [base, adapter], lambda line: None) as urls:
        assert urls[adapter.name] == urls[base.name]
        ours, theirs = (Served(one.name, Endpoint(urls[one.name])) for one in (adapter, base))
        alone = [await answer_prompts(one, prompts, sampling, lambda: None) for one in (ours, theirs)]
        mixed = await answer_both((ours, theirs), prompts, sampling, lambda: None)
    unlike = [place for place, (a, b) in enumerate(zip(*alone, strict=True)) if a != b]
    assert len(unlike) >= 12
    # A batch of another size can turn a near-tie of two tokens, in one answer or another.
    for before, after in zip(alone, mixed, strict=True):
        assert sum(before[place] != after[place] for place in unlike) <= len(unlike) // 3


def _stronger(adapter: Path, copy: Path) -> Path:
    """A copy of an adapter with three times its effect: a weak one showed in 3 of 32 answers on one processor."""
    shutil.copytree(adapter, copy)
    settings = json.loads((copy / "adapter_config.json").read_text())
    settings["lora_alpha"] *= 3
    (copy / "adapter_config.json").write_text(json.dumps(settings))
    return copy


def test_two_bases_cannot_be_served_by_one_engine() -> None:
    other = ModelVersion(2, None, "base", "/other", "o", "candidate", utc_now())
    with pytest.raises(WrongUsage, match="--url"):
        trial_engine._adapters(BASE, [BASE, other], "cpu")
