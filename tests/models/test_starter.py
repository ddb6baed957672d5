"""The model in models/starter: whole files, and answers in whole sentences."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

STARTER = Path(__file__).resolve().parents[2] / "models" / "starter"
QUESTIONS = ("Hello!", "Who are you?", "What is the capital of France?", "Thank you", "Tell me a story about a cat.")


@pytest.fixture(scope="module")
def model() -> Any:
    return AutoModelForCausalLM.from_pretrained(STARTER, dtype=torch.float32)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return AutoTokenizer.from_pretrained(STARTER)


def test_every_file_has_its_checksum_and_all_fit_in_16_mib() -> None:
    listed = (STARTER / "SHA256SUMS").read_text().splitlines()
    files = [path for path in STARTER.iterdir() if path.name != "SHA256SUMS"]
    assert sorted(listed) == sorted(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in files)
    assert sum(path.stat().st_size for path in STARTER.iterdir()) <= 16 * 2**20


@pytest.mark.parametrize("question", QUESTIONS)
def test_it_answers_in_whole_sentences(model: Any, tokenizer: Any, question: str) -> None:
    answer = _answer(model, tokenizer, question)
    assert len(answer.split()) >= 2
    assert answer[0].isupper()
    assert answer[-1] in ".!?"


def test_it_knows_a_capital_and_remembers_a_name(model: Any, tokenizer: Any) -> None:
    assert "Paris" in _answer(model, tokenizer, "What is the capital of France?")
    told = ("My name is Anna.", "Nice to meet you, Anna!", "What is my name?")
    assert "Anna" in _answer(model, tokenizer, *told)


def _answer(model: Any, tokenizer: Any, *turns: str) -> str:
    """The greedy answer to turns of the user and the assistant, in turn."""
    messages = [{"role": ("user", "assistant")[i % 2], "content": turn} for i, turn in enumerate(turns)]
    inputs = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    with torch.no_grad():
        ids = model.generate(**inputs, max_new_tokens=120, do_sample=False, temperature=None, top_p=None)
    return str(tokenizer.decode(ids[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True))
