"""The starter model's recipe: the same data and tokenizer from a seed, the right loss, a run that can be resumed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from models.recipe.__main__ import main
from models.recipe.config import InvalidConfig, ModelConfig, RecipeConfig, TokenizerConfig, TrainConfig, read_config
from models.recipe.corpus import Conversation, Message, held_out, shard
from models.recipe.corpus.manners import recognise
from models.recipe.data import Batch, Position, bucketed, encode, mixed_steps, training_steps
from models.recipe.model import new_model
from models.recipe.tokenizer import load_tokenizer, train_tokenizer
from models.recipe.train import CannotResume, accumulate_gradients, read_metrics, response_nll, train
from tests import snippets

LARGER = Path(__file__).resolve().parents[2] / "models" / "recipe" / "configs" / "larger.toml"
# The docs' lines that are run below.
DOCUMENTED = (
    "python -m models.recipe --stop-after 60",
    "cp -r build/starter /elsewhere/run",
    "python -m models.recipe --resume --work-dir /elsewhere/run",
)
_DIGEST = """
from hashlib import sha256
from models.recipe.config import TokenizerConfig
from models.recipe.corpus import shard
from models.recipe.tokenizer import train_tokenizer
print(sha256(repr(shard(7, 3, 400)).encode()).hexdigest())
tokenizer = train_tokenizer(TokenizerConfig(vocab_size=600, conversations=200), seed=7)
print(sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest())
"""
CONVERSATION = Conversation(
    (Message("user", "Hi <|im_end|> there"), Message("assistant", "Hello."), Message("user", "Bye")), exchanges=()
)


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer(TokenizerConfig(vocab_size=600, conversations=200), seed=1)


@pytest.fixture
def config(tmp_path: Path) -> RecipeConfig:
    """A run of a few seconds."""
    return RecipeConfig(
        work_dir=tmp_path / "work",
        output_dir=tmp_path / "starter",
        model=ModelConfig(hidden_size=32, layers=1, ffn_size=64),
        train=TrainConfig(
            steps=8, decay_steps=0, batch_tokens=512, micro_batch_tokens=128, shard_size=64, checkpoint_every=4
        ),
    )


def test_a_seed_gives_the_same_conversations_and_another_seed_others() -> None:
    assert list(shard(1, 3, 50)) == list(shard(1, 3, 50))
    assert list(shard(1, 3, 50)) != list(shard(2, 3, 50))
    assert list(shard(1, 3, 50)) != list(shard(1, 4, 50))


def test_data_and_tokenizer_are_the_same_byte_for_byte_in_every_process(capsys: pytest.CaptureFixture[str]) -> None:
    # Strings have other hashes there than here, so that the order of a set would differ.
    elsewhere = subprocess.run(
        [sys.executable, "-c", _DIGEST],
        env={**os.environ, "PYTHONHASHSEED": str(1 + hash("here") % 1000)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    exec(_DIGEST, {})
    assert capsys.readouterr().out == elsewhere
    assert len(elsewhere.split()) == 2


def test_no_held_out_conversation_is_trained_on() -> None:
    held = {conversation.messages for conversation in held_out(1, 200)}
    trained = {conversation.messages for conversation in shard(1, 0, 3000)}
    assert len(held) > 150
    assert held & trained == set()


def test_a_seed_gives_the_same_tokenizer_byte_for_byte(tmp_path: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    again = train_tokenizer(TokenizerConfig(vocab_size=600, conversations=200), seed=1)
    tokenizer.save_pretrained(tmp_path / "a")
    again.save_pretrained(tmp_path / "b")
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert load_tokenizer(tmp_path / "a").encode("one more 1") == tokenizer.encode("one more 1")


@pytest.mark.parametrize("text", ["naïve ☃ 你好", "a\tb\r\n  c", "0123456789", "<|im_start|>system"])
def test_any_text_comes_back_from_its_tokens(tokenizer: PreTrainedTokenizerFast, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text, split_special_tokens=True)) == text


def test_the_loss_counts_the_assistants_words_and_their_end_only(tokenizer: PreTrainedTokenizerFast) -> None:
    example = encode(tokenizer, CONVERSATION)
    counted = [token for token, counts in zip(example.ids, example.response_mask, strict=True) if counts]
    assert tokenizer.decode(counted) == "Hello.<|im_end|>"


def test_role_tokens_in_a_users_text_stay_text(tokenizer: PreTrainedTokenizerFast) -> None:
    ids = encode(tokenizer, CONVERSATION).ids
    assert ids.count(tokenizer.encode("<|im_end|>")[0]) == len(CONVERSATION.messages)
    rendered = [{"role": message.role, "content": message.content} for message in CONVERSATION.messages]
    assert tokenizer.decode(ids) == tokenizer.apply_chat_template(rendered, tokenize=False)


def test_padding_does_not_change_the_loss(tokenizer: PreTrainedTokenizerFast, config: RecipeConfig) -> None:
    model = new_model(config.model, tokenizer, seed=0)
    long = Conversation((Message("user", "word " * 40), Message("assistant", "Yes.")), exchanges=())
    examples = [encode(tokenizer, CONVERSATION), encode(tokenizer, long)]
    alone = [next(bucketed([example], 512, tokenizer.pad_token_id)) for example in examples]
    (together,) = bucketed(examples, 512, tokenizer.pad_token_id)
    losses = [response_nll(model, batch).item() for batch in alone]
    assert response_nll(model, together).item() == pytest.approx(sum(losses), rel=1e-5)


def test_the_gradient_of_micro_batches_is_that_of_one_large_batch(
    tokenizer: PreTrainedTokenizerFast, config: RecipeConfig
) -> None:
    examples = [encode(tokenizer, conversation) for conversation in shard(1, 0, 40)]
    micro_batches = list(bucketed(examples, 256, tokenizer.pad_token_id))
    assert len(micro_batches) > 5
    accumulated = new_model(config.model, tokenizer, seed=0)
    loss = accumulate_gradients(accumulated, micro_batches)
    at_once = new_model(config.model, tokenizer, seed=0)
    (batch,) = bucketed(examples, 10**6, tokenizer.pad_token_id)
    # Straight from the definition: the mean over all that is to be predicted.
    labels = batch.ids[:, 1:].masked_fill(~batch.response_mask[:, 1:], -100)
    logits = at_once(input_ids=batch.ids).logits[:, :-1]
    expected = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100)
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    for found, wanted in zip(accumulated.parameters(), at_once.parameters(), strict=True):
        assert found.grad is not None and wanted.grad is not None
        assert torch.allclose(found.grad, wanted.grad, atol=1e-6)


def test_every_step_has_short_and_long_conversations_and_all_manners_in_it(tokenizer: PreTrainedTokenizerFast) -> None:
    config = TrainConfig(batch_tokens=8192, micro_batch_tokens=2048)
    conversations = shard(2, 0, 1000)
    said = {tuple(encode(tokenizer, conversation).ids): conversation for conversation in conversations}
    examples = [encode(tokenizer, conversation) for conversation in conversations]
    steps = mixed_steps(examples, config, tokenizer.pad_token_id, Random(1))
    seen = [[row for batch in step for row in _rows(batch)] for step in steps]
    assert sorted(row for rows in seen for row in rows) == sorted(tuple(example.ids) for example in examples)
    lengths = sorted(len(example.ids) for example in examples)
    by_tokens = [length for length in lengths for _ in range(length)]
    short, long = by_tokens[len(by_tokens) // 4], by_tokens[7 * len(by_tokens) // 10]
    assert len(steps) > 10
    for rows, step in zip(seen, steps, strict=True):
        assert min(map(len, rows)) <= short
        assert max(map(len, rows)) >= long
        assert sum(batch.ids.numel() for batch in step) <= 1.5 * config.batch_tokens
        assert all(batch.ids.numel() <= config.micro_batch_tokens for batch in step)
        assert len({manner for row in rows for manner in _manners(said[row])}) == 5
    padded = sum(batch.ids.numel() for step in steps for batch in step)
    assert sum(lengths) > 0.93 * padded


def test_a_resumed_run_sees_the_steps_that_it_would_have_seen(
    tokenizer: PreTrainedTokenizerFast, config: RecipeConfig
) -> None:
    whole = training_steps(config.train, tokenizer, 1, Position())
    steps = [next(whole) for _ in range(24)]
    assert len({position.shard for _, position in steps}) > 1
    in_the_middle = next(i for i, (_, position) in enumerate(steps) if position.shard == 1 and position.step >= 2)
    rest = training_steps(config.train, tokenizer, 1, steps[in_the_middle][1])
    for expected, there in steps[in_the_middle + 1 :]:
        found, here = next(rest)
        assert there == here
        assert all(torch.equal(a.ids, b.ids) for a, b in zip(expected, found, strict=True))


def test_a_run_in_parts_and_in_another_folder_ends_with_the_same_weights(
    tokenizer: PreTrainedTokenizerFast, config: RecipeConfig
) -> None:
    whole = train(config, tokenizer, resume=False)
    assert whole is not None
    first = config.model_copy(update={"work_dir": config.work_dir.with_name("first")})
    longer = first.model_copy(update={"train": config.train.model_copy(update={"steps": 100})})
    assert train(longer, tokenizer, resume=False, stop_after_s=0) is None
    with (first.work_dir / "metrics.jsonl").open("a") as log:
        log.write('{"step": 6, "tokens": 1, "loss": 9.0, "validation_loss": 9.0, "seconds": 1.0}\n')
    elsewhere = config.model_copy(update={"work_dir": config.work_dir.with_name("elsewhere")})
    shutil.move(first.work_dir, elsewhere.work_dir)
    resumed = train(elsewhere, tokenizer, resume=True)
    assert resumed is not None
    for expected, found in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(expected, found)
    losses = [line.validation_loss for line in read_metrics(elsewhere.work_dir)]
    assert losses == [line.validation_loss for line in read_metrics(config.work_dir)]
    assert losses[-1] is not None
    assert losses[0] is not None
    assert losses[-1] < losses[0]


def test_a_run_is_not_resumed_with_another_config_or_corpus(
    tokenizer: PreTrainedTokenizerFast, config: RecipeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CannotResume, match="no checkpoint"):
        train(config, tokenizer, resume=True)
    assert train(config, tokenizer, resume=False, stop_after_s=0) is None
    with pytest.raises(CannotResume, match="another config"):
        train(config.model_copy(update={"seed": 2}), tokenizer, resume=True)
    monkeypatch.setattr("models.recipe.train.digest", lambda seed: "of another corpus")
    with pytest.raises(CannotResume, match="another corpus"):
        train(config, tokenizer, resume=True)


def test_the_command_stops_and_goes_on_in_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[RecipeConfig, bool, float]] = []

    def run(config: RecipeConfig, *, resume: bool, stop_after_s: float) -> int:
        calls.append((config, resume, stop_after_s))
        return 75

    monkeypatch.setattr("models.recipe.__main__._run", run)
    monkeypatch.setattr(
        sys, "argv", ["recipe", "--resume", "--work-dir", str(tmp_path / "copied"), "--stop-after", "1.5"]
    )
    assert main() == 75
    assert calls == [(RecipeConfig(work_dir=tmp_path / "copied"), True, 90.0)]


def test_the_lines_of_the_docs_stop_copy_and_go_on(
    config: RecipeConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a few steps, and without the questions to the model."""
    config = config.model_copy(update={"tokenizer": TokenizerConfig(vocab_size=600, conversations=200)})
    exported: list[int] = []
    monkeypatch.setattr("models.recipe.__main__.read_config", lambda path: config)
    monkeypatch.setattr("models.recipe.evaluate.evaluate", lambda *_: None)
    monkeypatch.setattr("models.recipe.export.export", lambda *_: exported.append(read_metrics(moved)[-1].step))
    moved = tmp_path / "elsewhere" / "run"
    moved.parent.mkdir()
    instead = {
        "build/starter": str(config.work_dir),
        "/elsewhere": str(moved.parent),
        "--stop-after 60": "--stop-after 0",
    }

    def run(line: str) -> int:
        program, *arguments = snippets.words(line, instead)
        if program != "python":
            return subprocess.run([program, *arguments], check=True).returncode
        monkeypatch.setattr(sys, "argv", arguments[1:])
        return main()

    stops, copies, goes_on = DOCUMENTED
    assert run(stops) == 75
    assert read_metrics(config.work_dir)[-1].step == config.train.checkpoint_every
    assert run(copies) == 0
    assert run(goes_on) == 0
    assert exported == [config.train.steps]


def test_the_config_of_the_larger_model_is_read_and_makes_a_larger_model(tokenizer: PreTrainedTokenizerFast) -> None:
    larger = read_config(LARGER)
    assert larger.seed == RecipeConfig().seed
    assert larger.output_dir != RecipeConfig().output_dir
    with torch.device("meta"):
        models = [new_model(config.model, tokenizer, seed=0) for config in (RecipeConfig(), larger)]
    sizes = [sum(parameter.numel() for parameter in model.parameters()) for model in models]
    assert 20e6 < sizes[1] < larger.max_weight_mib * 2**20 / 2
    assert sizes[0] < sizes[1]


def test_a_wrong_config_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text("[train]\nstep = 3\n")
    with pytest.raises(InvalidConfig, match=r"train\.step"):
        read_config(path)


def test_the_recipe_from_the_command_line_makes_a_folder_that_loads(tmp_path: Path, config: RecipeConfig) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from models.recipe.__main__ import _run

    small = config.model_copy(
        update={
            "tokenizer": TokenizerConfig(vocab_size=600, conversations=200),
            "evaluate": config.evaluate.model_copy(
                update={"per_gate": 1, "per_intent": 1, "max_new_tokens": 4, "lexicon_conversations": 50}
            ),
        }
    )
    assert _run(small, resume=False) == 0
    load_tokenizer(small.work_dir / "tokenizer").save_pretrained(tmp_path / "resumed")
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        assert (small.output_dir / name).read_bytes() == (tmp_path / "resumed" / name).read_bytes(), (
            "as of a resumed run"
        )
    model = AutoModelForCausalLM.from_pretrained(small.output_dir)
    assert model.dtype == torch.bfloat16
    assert AutoTokenizer.from_pretrained(small.output_dir).chat_template
    gates = json.loads((small.output_dir / "evaluation.json").read_text())
    assert {gate["decision"] for gate in gates} <= {"met", "not shown", "missed"}
    recipe = json.loads((small.output_dir / "recipe.json").read_text())
    assert recipe["train"]["steps"] == 8


def _rows(batch: Batch) -> list[tuple[int, ...]]:
    """A batch's examples without their padding, which no example ends with."""
    return [tuple(row[: int((row != 0).nonzero().max()) + 1].tolist()) for row in batch.ids]


def _manners(conversation: Conversation) -> set[str]:
    answers = [message.content for message in conversation.messages if message.role == "assistant"]
    return {recognise(said, exchange) for said, exchange in zip(answers, conversation.exchanges, strict=True)}
