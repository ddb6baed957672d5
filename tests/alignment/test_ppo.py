"""PPO's stage: it finds a known best policy, resumes exactly, and refuses a loss that is no number."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from alignment.chat_tokens import ChatTokens
from alignment.errors import NonFiniteLoss
from alignment.memory.bounds import BatchBounds
from alignment.ppo.config import PPOConfig
from alignment.ppo.scores import AnswerScorer
from alignment.ppo.stage import train_ppo
from alignment.progress import MetricsFile
from alignment.reward_model.score import ABOUT_FILE, About, classifier
from benchmarks.ppo_bandit import share_of_best, sharp_model
from tests.alignment.board import shown
from tests.alignment.synthetic import write_snapshot

SMALL = PPOConfig.model_validate(
    {
        "rollouts": 4,
        "prompts_per_rollout": 4,
        "forward_size": 4,
        "learning_rate": 5e-3,
        "max_new_tokens": 6,
        "eval_every": 2,
        "eval_prompts": 6,
        "save_every": 2,
        "lora": {"rank": 4},
    }
)


@pytest.fixture(scope="module")
def reward_model(tmp_path_factory: pytest.TempPathFactory, tiny_chat_model: Path) -> Path:
    """A reward model with a random head: what it likes does not matter here."""
    folder = tmp_path_factory.mktemp("reward") / "model"
    model = classifier(tiny_chat_model, new_head=True)
    torch.manual_seed(0)
    torch.nn.init.normal_(model.score.weight, std=0.3)
    model.save_pretrained(folder)
    ChatTokens.load(tiny_chat_model).tokenizer.save_pretrained(folder)
    about = About(max_length=256, pair_temperature=1.0, intercept=0.0)
    (folder / ABOUT_FILE).write_text(about.model_dump_json())
    return folder


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_snapshot(tmp_path_factory.mktemp("snapshot") / "s", pairs=8, votes=8, heldout=8)


def _train(out: Path, model: Path, reward_model: Path, snapshot: Path, resume: bool = False):
    return train_ppo(
        SMALL,
        snapshot=snapshot,
        base_model=model,
        parent_adapter=None,
        reward_model=reward_model,
        out=out,
        seed=5,
        resume=resume,
    )


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory, tiny_chat_model: Path, reward_model: Path, snapshot: Path
) -> Path:
    out = tmp_path_factory.mktemp("ppo") / "out"
    _train(out, tiny_chat_model, reward_model, snapshot)
    return out


def test_it_leaves_an_adapter_that_loads_and_the_usual_metrics(trained: Path, tiny_chat_model: Path) -> None:
    base = AutoModelForCausalLM.from_pretrained(tiny_chat_model, dtype=torch.float32)
    PeftModel.from_pretrained(base, trained / "adapter")
    lines = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    first = next(line for line in lines if "objective/kl" in line)
    assert first["objective/kl"] == pytest.approx(0, abs=1e-5)
    assert first["policy/approxkl"] == pytest.approx(0, abs=1e-6)
    names = {name for line in lines for name in line}
    assert names >= {
        "objective/scores",
        "policy/clipfrac",
        "policy/entropy",
        "loss/value",
        "val/explained_variance",
        "tokens/s_rollout",
        "truncation_rate",
        "heldout/score",
    }
    assert (trained / "curves.png").exists()
    board = shown(trained / "tensorboard")["objective/kl"]
    assert board == pytest.approx({line["step"]: line["objective/kl"] for line in lines if "objective/kl" in line})


def test_a_resumed_run_ends_with_the_weights_of_an_undisturbed_one(
    trained: Path, tiny_chat_model: Path, reward_model: Path, snapshot: Path, tmp_path: Path
) -> None:
    """From the checkpoint after two of four rollouts: adapter, critic, controller, guards and sampling go on."""
    out = tmp_path / "out"
    out.mkdir()
    shutil.copytree(trained / "checkpoints", out / "checkpoints")
    shutil.copytree(trained / "best", out / "best", dirs_exist_ok=True)
    shutil.copy(trained / "metrics.jsonl", out)
    (out / "checkpoints/checkpoint-16/complete").unlink()
    report = _train(out, tiny_chat_model, reward_model, snapshot, resume=True)
    for part in ("checkpoints/checkpoint-16/adapter_model.safetensors", "adapter/adapter_model.safetensors"):
        expected, got = load_file(trained / part), load_file(out / part)
        for name, weight in expected.items():
            torch.testing.assert_close(got[name], weight, rtol=0, atol=1e-6)
    critics = [torch.load(path / "checkpoints/checkpoint-16/critic.pt")["weights"] for path in (trained, out)]
    for name, weight in critics[0].items():
        torch.testing.assert_close(critics[1][name], weight, rtol=0, atol=1e-6)
    undisturbed = json.loads((trained / "report.json").read_text())
    assert [look.model_dump() for look in report.looks] == [pytest.approx(look) for look in undisturbed["looks"]]


def test_fewer_answers_at_a_time_and_checkpointed_blocks_give_the_same_steps(
    trained: Path, tiny_chat_model: Path, reward_model: Path, snapshot: Path, tmp_path: Path
) -> None:
    """One answer goes forward at a time instead of four; each step of the first rollout is the undisturbed run's."""
    train_ppo(
        SMALL.model_copy(update={"rollouts": 1}),
        snapshot=snapshot,
        base_model=tiny_chat_model,
        parent_adapter=None,
        reward_model=reward_model,
        out=tmp_path / "out",
        seed=5,
        resume=False,
        bounds=BatchBounds(trained_tokens=100, longest=100, checkpointing=True),
    )
    expected, got = (
        [row for row in MetricsFile(out / "metrics.jsonl").rows() if "grad_norm" in row]
        for out in (trained, tmp_path / "out")
    )
    assert len(got) == 4
    figures = ("grad_norm", "loss/policy", "loss/value", "loss/value_grad_norm", "policy/approxkl", "policy/entropy")
    for row, same in zip(expected, got, strict=False):
        assert [same[name] for name in figures] == pytest.approx([row[name] for name in figures], rel=1e-2, abs=1e-4)


def test_a_loss_that_is_no_number_ends_the_run_and_leaves_no_adapter(
    tiny_chat_model: Path, reward_model: Path, snapshot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(logprobs: torch.Tensor, *_: object) -> object:
        from alignment.ppo.losses import TokenLosses

        return TokenLosses(logprobs * float("nan"), logprobs > 0)

    monkeypatch.setattr("alignment.ppo.trainer.clipped_policy_loss", broken)
    with pytest.raises(NonFiniteLoss, match="loss/policy is nan at step 0"):
        _train(tmp_path / "out", tiny_chat_model, reward_model, snapshot)
    assert not (tmp_path / "out/adapter").exists()


def test_an_answer_that_was_cut_off_is_worth_less_and_scored_as_finished() -> None:
    seen: list[list[int]] = []

    def scorer(rows: list[list[int]]) -> list[float]:
        seen.extend(rows)
        return [1.0 for _ in rows]

    answers = AnswerScorer(scorer, lambda prompt: [1], end_ids=[9], bound=4.0, truncation_penalty=2.0)
    scored = answers.score([[1], [1]], [[5, 9], [5, 6]])
    assert seen == [[1, 5, 9], [1, 5, 6, 9]]
    assert scored.truncated == [False, True]
    assert scored.scores[0] - scored.scores[1] == 2.0


def test_it_finds_the_best_policy_of_a_token_bandit(tmp_path: Path) -> None:
    assert share_of_best(sharp_model(tmp_path / "model"), tmp_path / "out", seed=0) >= 0.95
