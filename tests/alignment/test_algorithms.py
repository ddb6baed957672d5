"""KTO, DPO and SFT: each leaves an adapter, or says what feedback it lacks."""

from pathlib import Path
from typing import Literal

import pytest

from alignment.algorithms.config import PreferenceConfig
from alignment.algorithms.stage import train_preference
from alignment.errors import UnusableFeedback
from tests.alignment.synthetic import write_snapshot

SMALL = PreferenceConfig.model_validate({"epochs": 1, "batch_size": 8, "lora": {"rank": 4}})


def _train(algorithm: Literal["kto", "dpo", "sft"], snapshot: Path, model: Path, out: Path):
    return train_preference(
        algorithm, SMALL, snapshot=snapshot, base_model=model, parent_adapter=None, out=out, seed=0, resume=False
    )


@pytest.mark.parametrize("algorithm", ["kto", "dpo", "sft"])
def test_each_algorithm_leaves_an_adapter_and_a_report(
    algorithm: Literal["kto", "dpo", "sft"], tiny_chat_model: Path, tmp_path: Path
) -> None:
    snapshot = write_snapshot(tmp_path / "s", pairs=16, votes=24, heldout=16)
    report = _train(algorithm, snapshot, tiny_chat_model, tmp_path / "out")
    assert (tmp_path / "out/adapter/adapter_model.safetensors").exists()
    assert report.heldout["accuracy"].n == report.rows["heldout_comparisons"] > 0
    assert report.steps > 0


@pytest.mark.parametrize(("algorithm", "lacks"), [("kto", "KTO needs"), ("dpo", "DPO needs"), ("sft", "SFT needs")])
def test_an_algorithm_without_its_feedback_says_so(
    algorithm: Literal["kto", "dpo", "sft"], lacks: str, tiny_chat_model: Path, tmp_path: Path
) -> None:
    snapshot = write_snapshot(tmp_path / "s", pairs=0, votes=0)
    with pytest.raises(UnusableFeedback, match=lacks):
        _train(algorithm, snapshot, tiny_chat_model, tmp_path / "out")
