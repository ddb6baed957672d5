"""The reward model's stage: it learns, resumes exactly, and says what it cannot learn from."""

import json
import shutil
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from alignment.chat_tokens import ChatTokens
from alignment.errors import DiskFull, NonFiniteLoss, UnusableFeedback
from alignment.memory.bounds import UNBOUNDED
from alignment.preferences import Message, Thumb, write_rows
from alignment.reward_model import fit as fitting
from alignment.reward_model.config import RewardModelConfig
from alignment.reward_model.data import Feedback, scaled_weights, shuffled_labels, training_rows
from alignment.reward_model.prompt_control import by_prompt
from alignment.reward_model.report import Scored, predictions, script
from alignment.reward_model.score import RewardModel
from alignment.reward_model.stage import train_reward_model
from alignment.reward_model.trainer import JointRewardTrainer
from tests.alignment.synthetic import comparisons, thumbs, write_snapshot

SMALL = RewardModelConfig(
    epochs=2, learning_rate=3e-3, save_every=5, eval_every=10, bootstrap=100, shuffled_control=False
)


def _train(out: Path, model: Path, snapshot: Path, config: RewardModelConfig = SMALL, resume: bool = False):
    return train_reward_model(config, snapshot=snapshot, base_model=model, out=out, seed=3, resume=resume)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_snapshot(tmp_path_factory.mktemp("snapshot") / "s", pairs=160, votes=80, heldout=120)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_chat_model: Path, snapshot: Path) -> Path:
    out = tmp_path_factory.mktemp("reward") / "out"
    _train(out, tiny_chat_model, snapshot)
    return out


def test_it_tells_liked_from_disliked_on_prompts_it_has_not_seen(trained: Path) -> None:
    report = json.loads((trained / "report.json").read_text())
    assert report["heldout"]["accuracy"]["low"] > 0.5
    assert report["heldout"]["accuracy"]["n"] == 80
    assert report["slices"]["source"].keys() == {"regenerated", "thumb"}
    assert report["calibration"]["thumbs"]["value"] < 0.35
    assert report["heldout"]["within_prompts"]["n"] < report["prompts_only"]["n"] == report["heldout"]["auroc"]["n"]
    assert {path.name for path in trained.iterdir()} >= {"model", "metrics.jsonl", "calibration.png", "learning.png"}


def test_a_resumed_run_ends_with_the_weights_of_an_undisturbed_one(
    trained: Path, tiny_chat_model: Path, snapshot: Path, tmp_path: Path
) -> None:
    """The killed run's last checkpoint lacks its marker, as if it had been killed while it was written."""
    out = tmp_path / "out"
    out.mkdir()
    shutil.copytree(trained / "checkpoints", out / "checkpoints")
    shutil.copy(trained / "metrics.jsonl", out / "metrics.jsonl")
    newest, before = sorted(out.glob("checkpoints/checkpoint-*"), key=lambda path: -int(path.name.split("-")[1]))
    (newest / "complete").unlink()
    assert int(before.name.split("-")[1]) > 0
    report = _train(out, tiny_chat_model, snapshot, resume=True)
    expected, got = (load_file(path / "model" / "model.safetensors") for path in (trained, out))
    for name, weight in expected.items():
        torch.testing.assert_close(got[name], weight, rtol=0, atol=1e-6)
    undisturbed = json.loads((trained / "report.json").read_text())
    assert report.heldout.model_dump() == undisturbed["heldout"]
    assert report.intercept == pytest.approx(undisturbed["intercept"], abs=1e-6)
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    steps = [line["step"] for line in lines if "grad_norm" in line]
    assert steps == list(range(1, 31))


def test_a_finished_stage_is_not_trained_again(trained: Path, tiny_chat_model: Path, snapshot: Path) -> None:
    before = (trained / "report.json").stat().st_mtime_ns
    _train(trained, tiny_chat_model, snapshot, resume=True)
    assert (trained / "report.json").stat().st_mtime_ns == before


def test_scores_do_not_depend_on_what_else_is_in_the_batch(trained: Path) -> None:
    model = RewardModel.load(trained / "model")
    rows = [([Message(role="user", content="cat " * length)], "thanks") for length in (1, 9, 30)]
    together = model.score(rows)
    np.testing.assert_allclose(together, [model.score([row])[0] for row in rows], atol=1e-5)


def test_with_lora_a_small_adapter_is_written_that_scores(
    tiny_chat_model: Path, snapshot: Path, tmp_path: Path
) -> None:
    config = SMALL.model_copy(update={"method": "lora", "epochs": 0.3})
    report = _train(tmp_path / "out", tiny_chat_model, snapshot, config)
    assert report.method == "lora"
    assert (tmp_path / "out/model/adapter_model.safetensors").exists()
    model = RewardModel.load(tmp_path / "out/model", tiny_chat_model)
    assert model.score([([Message(role="user", content="hello")], "thanks")])[0] != 0


def test_thumbs_that_are_all_up_are_refused_without_comparisons(tiny_chat_model: Path, tmp_path: Path) -> None:
    folder = write_snapshot(tmp_path / "s", pairs=0, votes=0)
    up = [row.model_copy(update={"liked": True}) for row in thumbs(Random(1), 20)]
    write_rows(folder / "thumbs.train.jsonl", up)
    with pytest.raises(UnusableFeedback, match="all 20 thumbs are up"):
        _train(tmp_path / "out", tiny_chat_model, folder)
    write_rows(folder / "thumbs.train.jsonl", [])
    with pytest.raises(UnusableFeedback, match="no comparison and no thumb"):
        _train(tmp_path / "out", tiny_chat_model, folder)


def test_one_raters_feedback_is_learned_from_with_a_warning(tiny_chat_model: Path, tmp_path: Path) -> None:
    folder = write_snapshot(tmp_path / "s", pairs=20, votes=20, heldout=10, raters=1)
    report = _train(tmp_path / "out", tiny_chat_model, folder)
    assert any("one rater" in warning for warning in report.warnings)


def test_a_loss_that_is_no_number_ends_the_run_and_leaves_no_model(
    tiny_chat_model: Path, snapshot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alignment.reward_model.trainer.joint_loss", lambda logits, *_: logits.sum() * float("nan"))
    with pytest.raises(NonFiniteLoss, match="nan at step 0"):
        _train(tmp_path / "out", tiny_chat_model, snapshot)
    assert not (tmp_path / "out/model").exists()
    assert not list((tmp_path / "out").glob("checkpoints/*/complete"))


def test_a_full_disk_is_said_and_the_last_checkpoint_stays(
    tiny_chat_model: Path, snapshot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = JointRewardTrainer._save_checkpoint

    def full_at_ten(self: JointRewardTrainer, *args: object) -> None:
        if self.state.global_step == 10:
            raise OSError(28, "No space left on device")
        save(self, *args)

    monkeypatch.setattr(JointRewardTrainer, "_save_checkpoint", full_at_ten)
    with pytest.raises(DiskFull, match="free some room and resume"):
        _train(tmp_path / "out", tiny_chat_model, snapshot)
    assert (tmp_path / "out/checkpoints/checkpoint-5/complete").exists()


def test_a_raters_total_weight_is_capped() -> None:
    rows = [row.model_copy(update={"rater": "loud"}) for row in thumbs(Random(1), 30)]
    quiet = [row.model_copy(update={"rater": "quiet"}) for row in thumbs(Random(2), 5)]
    weights = scaled_weights(Feedback([], rows + quiet), cap=10)
    assert sum(weights) == pytest.approx(35)
    assert sum(weights[:30]) / sum(weights[30:]) == pytest.approx(10 / 5)


def test_people_who_are_not_known_share_no_bias_and_no_cap(tiny_chat_model: Path) -> None:
    rows = [row.model_copy(update={"rater": ""}) for row in thumbs(Random(1), 30)]
    encoded = training_rows(ChatTokens.load(tiny_chat_model), Feedback([], rows), 100, cap=10)
    assert {row.rater for row in encoded} == {-1}
    assert {row.weight for row in encoded} == {1.0}


def test_shuffled_labels_keep_how_many_thumbs_are_up(tiny_chat_model: Path) -> None:
    rows = training_rows(ChatTokens.load(tiny_chat_model), Feedback([], thumbs(Random(1), 40)), 100, cap=10)
    shuffled = shuffled_labels(rows, 0)
    assert sum(row.label for row in shuffled) == sum(row.label for row in rows)
    assert [row.label for row in shuffled] != [row.label for row in rows]


def test_the_control_that_sees_prompts_only_knows_what_is_liked_whatever_is_answered() -> None:
    def rated(prompt: str, liked: bool) -> Thumb:
        asked = (Message(role="user", content=prompt),)
        return Thumb(id="1", prompt=asked, completion="Yes.", liked=liked, rater="r", source="thumb")

    train = [rated("A poem, please", True)] * 8 + [rated("My taxes, please", False)] * 8
    poem, taxes, neither = by_prompt(train, [rated("a POEM", True), rated("taxes?", False), rated("please", True)])
    assert poem > 1 > -1 > taxes and neither == 0


def test_calibration_is_asked_in_both_orders() -> None:
    """Asked only for (chosen, rejected), a model that is always certain of the first would seem calibrated."""
    rows = comparisons(Random(1), 4)
    first = np.ones(4), np.zeros(4)
    found = predictions(Scored(Feedback(rows, []), *first, np.zeros(0)), 0.0, 1.0)["comparisons"]
    assert found[1].tolist() == [1, 0, 1, 0]
    np.testing.assert_allclose(found[0], [0.731059, 0.268941, 0.731059, 0.268941], atol=1e-6)


@pytest.mark.parametrize(
    ("text", "found"), [("hello", "latin"), ("привет", "cyrillic"), ("你好", "cjk"), ("42", "none")]
)
def test_script_of_a_prompt(text: str, found: str) -> None:
    assert script([Message(role="user", content=text)]) == found


def test_intercept_starts_at_the_log_odds_of_a_thumb_up() -> None:
    assert fitting._log_odds([1.0] * 8 + [0.0] * 2) == pytest.approx(np.log(9 / 3))


@pytest.mark.parametrize(
    ("rows", "most_steps", "bound"), [(500, 12, 12), (500, 97, -1), (500, None, -1), (40, 12, -1), (1920, 120, 120)]
)
def test_no_more_steps_are_made_than_most_steps(rows: int, most_steps: int | None, bound: int, tmp_path: Path) -> None:
    config = RewardModelConfig(epochs=3, most_steps=most_steps, batch_size=16)
    run = fitting.Run(tmp_path, None, 1, 0, "test", UNBOUNDED)  # type: ignore[arg-type]
    arguments = fitting._arguments(config, run, False, rows)
    assert (arguments.max_steps, arguments.num_train_epochs) == (bound, 3)
