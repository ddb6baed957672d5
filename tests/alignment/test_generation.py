"""Answers are those of transformers' `generate`, whatever ends when; and are drawn from the model's distribution."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from alignment.chat_tokens import ChatTokens
from alignment.ppo.generation import Sampling, generate, left_padded
from alignment.preferences import Message
from tests.stack import STARTER

ASKED = (
    "Hello!",
    "What is the capital of France?",
    "My name is Anna.",
    "Tell me a story about a dog. " * 4,
    "What is 47 + 38?",
)
_RARE = 5


@pytest.fixture(scope="module")
def starter() -> Any:
    return AutoModelForCausalLM.from_pretrained(Path(STARTER), dtype=torch.float32).eval()


@pytest.fixture(scope="module")
def prompts() -> list[list[int]]:
    tokens = ChatTokens.load(Path(STARTER))
    return [tokens.prompt_ids([Message(role="user", content=asked)]) for asked in ASKED]


def by_transformers(model: Any, prompt: list[int], sampling: Sampling) -> list[int]:
    ids, mask = left_padded([prompt], sampling.pad_id)
    written = model.generate(
        ids,
        attention_mask=mask,
        do_sample=False,
        max_new_tokens=sampling.max_new_tokens,
        eos_token_id=sampling.end_ids,
        pad_token_id=sampling.pad_id,
    )
    found: list[int] = written[0, len(prompt) :].tolist()
    return found


@pytest.mark.parametrize("size", [1, 2, 5])
def test_greedy_answers_are_those_of_transformers_one_by_one(starter: Any, prompts: list[list[int]], size: int) -> None:
    """Each answer has an end token at another place, so that the batch shrinks in between."""
    endless = Sampling(max_new_tokens=24, end_ids=[0], pad_id=0, temperature=None)
    whole = [by_transformers(starter, prompt, endless) for prompt in prompts]
    sampling = replace(endless, end_ids=[answer[4 * i + 1] for i, answer in enumerate(whole)])
    wanted = [by_transformers(starter, prompt, sampling) for prompt in prompts]
    assert len({len(answer) for answer in wanted}) > 2
    assert generate(starter, prompts, size, sampling) == wanted
    # Another process has a batch more, and writes for as long as it may.
    assert generate(starter, prompts, size, sampling, most=lambda count: count + 1) == wanted


def test_samples_follow_the_models_probabilities(starter: Any, prompts: list[list[int]]) -> None:
    torch.manual_seed(0)
    # A short beginning spreads the chances over many tokens, of which each is a cell of the test below.
    prompt, n = prompts[0][:3], 4000
    sampling = Sampling(max_new_tokens=1, end_ids=[0], pad_id=0, temperature=2.0)
    drawn = torch.tensor(generate(starter, [prompt] * n, n // 8, sampling))[:, 0]
    with torch.no_grad():
        chances = torch.softmax(starter(torch.tensor([prompt])).logits[0, -1].double() / 2.0, -1)
    expected, seen = n * chances, torch.bincount(drawn, minlength=len(chances)).double()
    often = expected >= _RARE
    # Pearson's test: the rare tokens are one cell, for too few of each are expected.
    expected, seen = (torch.cat([counts[often], counts[~often].sum()[None]]) for counts in (expected, seen))
    freedom = len(expected) - 1
    assert freedom >= 50
    assert ((seen - expected) ** 2 / expected).sum() <= freedom + 4 * (2 * freedom) ** 0.5
