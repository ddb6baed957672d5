"""KTO, DPO and SFT: each leaves an adapter, resumes exactly, or says what feedback it lacks."""

from pathlib import Path
from typing import Literal

import pytest
import torch
from safetensors.torch import load_file

from alignment.algorithms.config import PreferenceConfig
from alignment.algorithms.stage import train_preference
from alignment.checkpoints import MarkComplete
from alignment.errors import UnusableFeedback
from alignment.progress import MetricsFile
from alignment.reports import PolicyReport
from tests.alignment.synthetic import write_snapshot

Algorithm = Literal["kto", "dpo", "sft"]
SMALL = PreferenceConfig.model_validate({"epochs": 2, "batch_size": 8, "save_every": 2, "lora": {"rank": 4}})


def _train(algorithm: Algorithm, snapshot: Path, model: Path, out: Path, resume: bool = False) -> PolicyReport:
    return train_preference(
        algorithm, SMALL, snapshot=snapshot, base_model=model, parent_adapter=None, out=out, seed=0, resume=resume
    )


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_snapshot(tmp_path_factory.mktemp("snapshot") / "s", pairs=16, votes=24, heldout=16)


@pytest.mark.parametrize("algorithm", ["kto", "dpo", "sft"])
def test_each_algorithm_leaves_an_adapter_and_a_killed_run_resumes_to_the_same(
    algorithm: Algorithm, snapshot: Path, tiny_chat_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = _train(algorithm, snapshot, tiny_chat_model, tmp_path / "out")
    assert report.heldout["accuracy"].n == report.rows["heldout_comparisons"] > 0
    assert report.steps > 2

    mark = MarkComplete.on_save

    def killed(self: MarkComplete, args: object, state: object, control: object, **more: object) -> object:
        mark(self, args, state, control, **more)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(MarkComplete, "on_save", killed)
        _train(algorithm, snapshot, tiny_chat_model, tmp_path / "killed")
    assert [path.name for path in (tmp_path / "killed/checkpoints").glob("checkpoint-*")] == ["checkpoint-2"]
    resumed = _train(algorithm, snapshot, tiny_chat_model, tmp_path / "killed", resume=True)

    expected, got = (load_file(tmp_path / run / "adapter/adapter_model.safetensors") for run in ("out", "killed"))
    assert any(weight.abs().max() > 1e-4 for name, weight in expected.items() if "lora_B" in name)
    for name, weight in expected.items():
        torch.testing.assert_close(got[name], weight, rtol=0, atol=1e-6)
    assert resumed.heldout["accuracy"] == report.heldout["accuracy"]
    steps = [row["step"] for row in MetricsFile(tmp_path / "killed/metrics.jsonl").rows() if "grad_norm" in row]
    assert steps == list(range(1, report.steps + 1))


@pytest.mark.parametrize(("algorithm", "lacks"), [("kto", "KTO needs"), ("dpo", "DPO needs"), ("sft", "SFT needs")])
def test_an_algorithm_without_its_feedback_says_so(
    algorithm: Algorithm, lacks: str, tiny_chat_model: Path, tmp_path: Path
) -> None:
    snapshot = write_snapshot(tmp_path / "s", pairs=0, votes=0)
    with pytest.raises(UnusableFeedback, match=lacks):
        _train(algorithm, snapshot, tiny_chat_model, tmp_path / "out")
