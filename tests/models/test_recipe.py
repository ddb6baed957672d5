"""The starter model's recipe: the same data and tokenizer from a seed, the right loss, a run that can be resumed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from models.recipe.config import InvalidConfig, ModelConfig, RecipeConfig, TokenizerConfig, TrainConfig, read_config
from models.recipe.corpus import Conversation, Message, held_out, shard
from models.recipe.data import Position, bucketed, encode, training_batches
from models.recipe.model import new_model
from models.recipe.tokenizer import load_tokenizer, train_tokenizer
from models.recipe.train import CannotResume, read_metrics, response_loss, train

LARGER = Path(__file__).resolve().parents[2] / "models" / "recipe" / "configs" / "larger.toml"
_DIGEST = """
from hashlib import sha256
from models.recipe.config import TokenizerConfig
from models.recipe.corpus import shard
from models.recipe.model import new_model
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
        train=TrainConfig(steps=8, decay_steps=0, batch_tokens=512, shard_size=64, checkpoint_every=4),
    )


def test_a_seed_gives_the_same_conversations_and_another_seed_others() -> None:
    assert list(shard(1, 3, 50)) == list(shard(1, 3, 50))
    assert list(shard(1, 3, 50)) != list(shard(2, 3, 50))
    assert list(shard(1, 3, 50)) != list(shard(1, 4, 50))


def test_data_and_tokenizer_are_the_same_byte_for_byte_in_every_process() -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _DIGEST],
            env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for hash_seed in (1, 2)
    ]
    digests = {process.communicate()[0] for process in processes}
    assert len(digests) == 1
    assert len(digests.pop().split()) == 2


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
    counts = torch.tensor([float(batch.response_mask.sum()) for batch in alone])
    losses = torch.stack([response_loss(model, batch) for batch in alone])
    assert torch.allclose(response_loss(model, together), (losses * counts).sum() / counts.sum(), atol=1e-5)


def test_a_resumed_run_sees_the_batches_that_it_would_have_seen(
    tokenizer: PreTrainedTokenizerFast, config: RecipeConfig
) -> None:
    whole = training_batches(config.train, tokenizer, 1, Position())
    positions = [next(whole)[1] for _ in range(30)]
    assert len({position.shard for position in positions}) > 1
    rest = training_batches(config.train, tokenizer, 1, positions[-1])
    for _ in range(5):
        (expected, there), (found, here) = next(whole), next(rest)
        assert torch.equal(expected.ids, found.ids)
        assert there == here


def test_a_resumed_run_ends_with_the_same_weights(tokenizer: PreTrainedTokenizerFast, config: RecipeConfig) -> None:
    whole = train(config, tokenizer, resume=False)
    elsewhere = config.model_copy(update={"work_dir": config.work_dir.with_name("resumed")})
    half = elsewhere.model_copy(update={"train": config.train.model_copy(update={"steps": 4})})
    train(half, tokenizer, resume=False)
    with (elsewhere.work_dir / "metrics.jsonl").open("a") as log:
        log.write('{"step": 6, "tokens": 1, "loss": 9.0, "validation_loss": 9.0, "seconds": 1.0}\n')
    resumed = train(elsewhere, tokenizer, resume=True)
    for expected, found in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(expected, found)
    losses = [line.validation_loss for line in read_metrics(elsewhere.work_dir)]
    assert losses == [line.validation_loss for line in read_metrics(config.work_dir)]
    assert losses[-1] is not None
    assert losses[0] is not None
    assert losses[-1] < losses[0]


def test_a_run_is_not_resumed_with_another_config(tokenizer: PreTrainedTokenizerFast, config: RecipeConfig) -> None:
    with pytest.raises(CannotResume, match="no checkpoint"):
        train(config, tokenizer, resume=True)
    train(config, tokenizer, resume=False)
    with pytest.raises(CannotResume, match="another config"):
        train(config.model_copy(update={"seed": 2}), tokenizer, resume=True)


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
    model = AutoModelForCausalLM.from_pretrained(small.output_dir)
    assert model.dtype == torch.bfloat16
    assert AutoTokenizer.from_pretrained(small.output_dir).chat_template
    gates = json.loads((small.output_dir / "evaluation.json").read_text())
    assert {gate["decision"] for gate in gates} <= {"met", "not shown", "missed"}
    recipe = json.loads((small.output_dir / "recipe.json").read_text())
    assert recipe["train"]["steps"] == 8
