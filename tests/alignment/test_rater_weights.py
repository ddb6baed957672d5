"""One loud rater with 400 votes and 40 people with one each: in no learner does the one weigh more than the cap."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Literal

import pytest
import torch

from alignment.adapters import load_policy
from alignment.algorithms import stage
from alignment.algorithms.config import PreferenceConfig
from alignment.algorithms.rows import dataset_rows, learned_from, read_split
from alignment.chat_tokens import ChatTokens
from alignment.memory.bounds import UNBOUNDED
from alignment.ppo.config import PPOConfig
from alignment.ppo.prompts import prompt_sets, read_prompts
from alignment.preferences import Comparison, Message, Thumb, write_rows
from alignment.rater_weights import CappedSampler, draw, effective_rows, row_weights
from alignment.reward_model.data import Feedback, training_rows
from alignment.reward_model.loss import Judgements, LossSettings, joint_loss
from alignment.snapshot.split import use_of

CAP, LOUD, QUIET = 50, 400, 40
RATERS = ["loud"] * LOUD + [f"quiet{number}" for number in range(QUIET)]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thumbs and comparisons of both kinds of people; the loud one's prompts say so."""
    folder = tmp_path_factory.mktemp("loud") / "s"
    folder.mkdir()
    compared, voted, prompts = [], [], []
    for number, rater in enumerate(RATERS):
        prompt = (Message(role="user", content=f"{rater[:5]} {number}"),)
        shared: dict[str, Any] = {"id": str(number), "prompt": prompt, "rater": rater}
        voted.append(Thumb(**shared, completion="yes", liked=number % 4 > 0, source="thumb"))
        compared.append(Comparison(**shared, chosen="good", rejected="bad", source="preferred_over"))
        prompts.append(json.dumps({"prompt": [message.model_dump() for message in prompt]}) + "\n")
    for part in ("train", "heldout"):
        write_rows(folder / f"comparisons.{part}.jsonl", compared if part == "train" else [])
        write_rows(folder / f"thumbs.{part}.jsonl", voted if part == "train" else [])
        (folder / f"prompts.{part}.jsonl").write_text("".join(prompts if part == "train" else prompts[-4:]))
    return folder


def test_in_the_reward_model_the_gradients_of_the_one_are_those_of_the_cap(
    snapshot: Path, tiny_chat_model: Path
) -> None:
    tokens = ChatTokens.load(tiny_chat_model)
    thumbs = read_split(tokens, snapshot, "train", 1000).thumbs
    rows = training_rows(tokens, Feedback([], thumbs), 100, CAP)
    logits = torch.zeros(len(rows), requires_grad=True)
    judgements = Judgements(
        torch.zeros(len(rows), dtype=torch.bool),
        torch.ones(len(rows)),
        torch.tensor([row.weight for row in rows]),
        torch.full((len(rows),), -1),
    )
    joint_loss(logits, judgements, torch.zeros(1), 1.0, LossSettings(1.0, 0.0, 0.0)).backward()
    assert logits.grad is not None
    pull = logits.grad.abs()
    assert float(pull[:LOUD].sum() / pull[LOUD:].mean()) == pytest.approx(CAP, rel=1e-4)


@pytest.mark.parametrize("algorithm", ["kto", "dpo", "sft"])
def test_in_a_pass_of_the_other_learners_the_one_has_the_rows_of_the_cap(
    algorithm: Literal["kto", "dpo", "sft"], snapshot: Path, tiny_chat_model: Path, tmp_path: Path
) -> None:
    """Counted in the batches that the real trainer's own loader hands to its loss."""
    tokens = ChatTokens.load(tiny_chat_model)
    split = read_split(tokens, snapshot, "train", 1000)
    raters = [row.rater for row in learned_from(algorithm, split)]
    lesson = stage._Lesson(
        algorithm,
        PreferenceConfig(batch_size=64),
        tokens,
        split,
        stage.Split([], [], 0),
        dataset_rows(algorithm, split, tokens),
        raters,
        CAP,
        UNBOUNDED,
        tmp_path,
        0,
    )
    trainer = stage._trainer(lesson, load_policy(tiny_chat_model, None))
    loader = trainer.get_train_dataloader()
    passes = []
    for epoch in range(2):
        loader.set_epoch(epoch)
        texts = {text for batch in loader for text in tokens.tokenizer.batch_decode(batch["input_ids"])}
        passes.append({text for text in texts if "loud" in text and "bad" not in text})
        assert len(passes[-1]) == CAP
        quiet = {text for text in texts if "quiet" in text and "bad" not in text}
        assert len(quiet) == sum(rater != "loud" for rater in raters)
    assert passes[0] != passes[1]
    assert trainer.args.warmup_steps == int(0.1 * 3 * -(-effective_rows(raters, CAP) // 64))


def test_of_the_prompts_that_ppo_answers_the_one_has_the_cap(snapshot: Path, tiny_chat_model: Path) -> None:
    found = prompt_sets(PPOConfig(), ChatTokens.load(tiny_chat_model), snapshot, 0, CAP)
    whose = Counter(prompt[0]["content"][:5] for prompt in found.train)
    assert whose == {"loud ": CAP, "quiet": QUIET}
    assert found.counts["over_rater_cap"] == LOUD - CAP


def test_what_chooses_an_adapter_does_not_report_on_it_and_the_gates_prompts_are_left_to_it(
    tmp_path: Path, tiny_chat_model: Path
) -> None:
    def prompts(name: str, count: int) -> None:
        rows = ({"prompt": [{"role": "user", "content": f"{name} {row}"}]} for row in range(count))
        (tmp_path / f"prompts.{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    write_rows(tmp_path / "comparisons.train.jsonl", [])
    write_rows(tmp_path / "thumbs.train.jsonl", [])
    prompts("train", 4)
    prompts("heldout", 90)
    tokens = ChatTokens.load(tiny_chat_model)
    found = prompt_sets(PPOConfig(), tokens, tmp_path, 0)
    assert 45 < len(found.heldout) < 75 and 20 < len(found.for_report) < 40
    held = read_prompts(tmp_path / "prompts.heldout.jsonl")
    of_use = {tuple(tokens.prompt_ids(prompt)): use_of(prompt) for prompt in held}
    for row, ids in enumerate(found.heldout):
        assert of_use[tuple(ids)] == ("report" if row in found.for_report else "selection")
    prompts("heldout", 1)
    assert prompt_sets(PPOConfig(), tokens, tmp_path, 0).for_report == frozenset()


def test_weights_and_draws_agree() -> None:
    weights = row_weights(RATERS, CAP)
    assert sum(weights[:LOUD]) == pytest.approx(CAP)
    assert set(weights[LOUD:]) == {1.0}
    drawn: Callable[[int], list[int]] = lambda seed: draw(RATERS, CAP, Random(seed))  # noqa: E731
    counts = Counter(row for seed in range(400) for row in drawn(seed))
    assert sum(counts[row] for row in range(LOUD)) == 400 * CAP
    assert all(abs(counts[row] / 400 - weights[row]) < 0.08 for row in range(len(RATERS)))


def test_people_who_are_not_known_apart_are_not_capped() -> None:
    assert effective_rows([""] * 400, CAP) == 400
    assert set(row_weights([""] * 400, CAP)) == {1.0}


def test_a_pass_is_the_same_for_a_seed_and_its_number() -> None:
    first, again = CappedSampler(RATERS, CAP, 3), CappedSampler(RATERS, CAP, 3)
    again.set_epoch(1)
    list(again)
    again.set_epoch(0)
    assert list(first) == list(again)
    again.set_epoch(1)
    assert list(first) != list(again)
