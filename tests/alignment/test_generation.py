"""Answers are those of transformers' `generate`, whatever ends when; and are drawn from the model's distribution."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from alignment.ppo.generation import Sampling, generate, left_padded
from tests.stack import STARTER

PROMPTS = [[5, 6, 7], [9] * 40, [11, 12], [300, 301, 302, 303, 304], [5, 6, 7, 8] * 5]


@pytest.fixture(scope="module")
def starter() -> Any:
    return AutoModelForCausalLM.from_pretrained(Path(STARTER), dtype=torch.float32).eval()


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
def test_greedy_answers_are_those_of_transformers_one_by_one(starter: Any, size: int) -> None:
    """With many end tokens, so that answers end at different times and the batch shrinks in between."""
    ends = list(range(0, starter.config.vocab_size, 12))
    sampling = Sampling(max_new_tokens=24, end_ids=ends, pad_id=0, temperature=None)
    wanted = [by_transformers(starter, prompt, sampling) for prompt in PROMPTS]
    assert len({len(answer) for answer in wanted}) > 2
    assert generate(starter, PROMPTS, size, sampling) == wanted


def test_samples_follow_the_models_probabilities(starter: Any) -> None:
    torch.manual_seed(0)
    prompt = [5, 6, 7]
    n = 4000
    sampling = Sampling(max_new_tokens=1, end_ids=[0], pad_id=0, temperature=2.0)
    drawn = torch.tensor(generate(starter, [prompt] * n, n, sampling))[:, 0]
    with torch.no_grad():
        chances = torch.softmax(starter(torch.tensor([prompt])).logits[0, -1] / 2.0, -1)
    seen = torch.bincount(drawn, minlength=len(chances)) / n
    five_sigma = 5 * (chances * (1 - chances) / n).sqrt() + 1 / n
    assert ((seen - chances).abs() <= five_sigma).all()
