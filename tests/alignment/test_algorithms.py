"""KTO, DPO and SFT: each leaves an adapter, resumes exactly, learns as TRL alone does, or says what it lacks."""

from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from trl.trainer import utils

from alignment.adapters import load_policy
from alignment.algorithms import stage
from alignment.algorithms.config import PreferenceConfig
from alignment.algorithms.non_finite import StopOnNonFinite
from alignment.algorithms.stage import train_preference
from alignment.checkpoints import MarkComplete
from alignment.errors import UnusableFeedback
from alignment.memory.bounds import UNBOUNDED, BatchBounds
from alignment.preferences import Comparison, Thumb, read_rows, write_rows
from alignment.progress import MetricsFile
from alignment.reports import PolicyReport
from tests.alignment.synthetic import write_snapshot

Algorithm = Literal["kto", "dpo", "sft"]
SMALL = PreferenceConfig.model_validate({"epochs": 2, "batch_size": 8, "save_every": 2, "lora": {"rank": 4}})


def _train(
    algorithm: Algorithm,
    snapshot: Path,
    model: Path,
    out: Path,
    resume: bool = False,
    bounds: BatchBounds = UNBOUNDED,
) -> PolicyReport:
    return train_preference(
        algorithm,
        SMALL,
        snapshot=snapshot,
        base_model=model,
        parent_adapter=None,
        out=out,
        seed=0,
        resume=resume,
        rater_weight_cap=3,
        bounds=bounds,
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


@pytest.mark.parametrize("algorithm", ["kto", "dpo", "sft"])
def test_without_padding_each_algorithm_has_the_losses_and_gradients_that_trl_has_with_it(
    algorithm: Algorithm, tiny_chat_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = _of_unlike_lengths(write_snapshot(tmp_path / "s", pairs=16, votes=24, heldout=16))
    work = _Work(monkeypatch)
    _train(algorithm, snapshot, tiny_chat_model, tmp_path / "spared")
    spared, work = work, _Work(monkeypatch)
    _leave_trl_alone(monkeypatch)
    _train(algorithm, snapshot, tiny_chat_model, tmp_path / "trl")

    assert spared.tokens < 0.6 * work.tokens
    assert spared.gradients.keys() == work.gradients.keys()
    for name, gradient in work.gradients.items():
        torch.testing.assert_close(spared.gradients[name], gradient, rtol=1e-3, atol=1e-5)
    figures = ("loss", "grad_norm", "eval_loss", "rewards/margins", "kl")
    expected, got = (MetricsFile(tmp_path / run / "metrics.jsonl").rows() for run in ("trl", "spared"))
    assert len(expected) == len(got) > 2
    for row, same in zip(expected, got, strict=True):
        assert [same.get(name) for name in figures] == pytest.approx([row.get(name) for name in figures], abs=1e-4)


@pytest.mark.parametrize(
    ("algorithm", "checkpointing"), [("kto", False), ("dpo", False), ("sft", False), ("dpo", True)]
)
def test_a_batch_that_is_cut_by_tokens_has_the_gradients_of_the_whole(
    algorithm: Algorithm, checkpointing: bool, tiny_chat_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = write_snapshot(tmp_path / "s", pairs=8, votes=8, heldout=4)
    whole = _Work(monkeypatch)
    _train(algorithm, snapshot, tiny_chat_model, tmp_path / "whole")
    cut = _Work(monkeypatch)
    bounds = BatchBounds(trained_tokens=200, scored_tokens=200, longest=100, checkpointing=checkpointing)
    _train(algorithm, snapshot, tiny_chat_model, tmp_path / "cut", bounds=bounds)

    assert cut.largest <= 200 < whole.largest
    assert whole.gradients.keys() == cut.gradients.keys()
    for name, gradient in whole.gradients.items():
        torch.testing.assert_close(cut.gradients[name], gradient, rtol=1e-3, atol=1e-6)
    figures = ("loss", "grad_norm", "eval_loss", "rewards/margins", "kl", "learning_rate")
    expected, got = (MetricsFile(tmp_path / run / "metrics.jsonl").rows() for run in ("whole", "cut"))
    for row, same in zip(expected, got, strict=True):
        assert [same.get(name) for name in figures] == pytest.approx([row.get(name) for name in figures], abs=1e-4)


@pytest.mark.parametrize(("algorithm", "lacks"), [("kto", "KTO needs"), ("dpo", "DPO needs"), ("sft", "SFT needs")])
def test_an_algorithm_without_its_feedback_says_so(
    algorithm: Algorithm, lacks: str, tiny_chat_model: Path, tmp_path: Path
) -> None:
    snapshot = write_snapshot(tmp_path / "s", pairs=0, votes=0)
    with pytest.raises(UnusableFeedback, match=lacks):
        _train(algorithm, snapshot, tiny_chat_model, tmp_path / "out")


class _Work:
    """What a run computes from now on: tokens that go through the model, and the first step's gradients."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tokens = self.largest = 0
        self.gradients: dict[str, Tensor] = {}
        work = self

        class Recorder(StopOnNonFinite):
            def on_pre_optimizer_step(self, *_: Any, model: Any, **__: Any) -> None:
                for name, weight in model.named_parameters():
                    if weight.grad is not None:
                        work.gradients.setdefault(name, weight.grad.clone())

        def load(*args: Any) -> Any:
            policy = load_policy(*args)
            policy.get_input_embeddings().register_forward_hook(self._count)
            return policy

        monkeypatch.setattr(stage, "load_policy", load)
        monkeypatch.setattr(stage, "StopOnNonFinite", Recorder)

    def _count(self, module: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        self.tokens += inputs[0].numel()
        self.largest = max(self.largest, inputs[0].numel())


def _leave_trl_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "parts_batches", lambda process: False)
    monkeypatch.setattr(utils, "_use_triton", lambda device: False)
    for name in ("KTOConfig", "DPOConfig"):
        monkeypatch.setattr(stage, name, partial(_config_without_reference, getattr(stage, name)))


def _config_without_reference(config: Any, **settings: Any) -> Any:
    return config(**{**settings, "precompute_ref_log_probs": False})


def _of_unlike_lengths(snapshot: Path) -> Path:
    """Makes every eighth prompt eight times as long as it was."""
    kind: type[Comparison] | type[Thumb]
    for kind, what in ((Comparison, "comparisons"), (Thumb, "thumbs")):
        for split in ("train", "heldout"):
            path = snapshot / f"{what}.{split}.jsonl"
            rows = list(read_rows(path, kind))
            for place, row in enumerate(rows):
                message = row.prompt[0]
                longer = message.model_copy(update={"content": message.content * (1 if place % 8 else 8)})
                rows[place] = row.model_copy(update={"prompt": (longer,)})
            write_rows(path, rows)
    return snapshot
