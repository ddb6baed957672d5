"""The divergence from a parent: against a hand-worked case, an own computation, and what must be zero."""

import math
from pathlib import Path

import pytest
import torch
from torch.distributions import Categorical, kl_divergence

from alignment.adapters import load_policy
from alignment.chat_tokens import ChatTokens
from alignment.divergence import drifts, token_divergences
from alignment.errors import UnusableModel
from alignment.preferences import Message
from tests.random_adapter import write_random_adapters
from tests.random_model import Shape, write_random_model

ROWS = [([Message(role="user", content="Hello!")], "Hello, hello."), ([Message(role="user", content="Say no.")], "")]


@pytest.fixture(scope="module")
def adapters(tiny_chat_model: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_random_adapters(tiny_chat_model, tmp_path_factory.mktemp("adapters"), 2)


def test_a_case_worked_by_hand() -> None:
    """0.5 ln(0.5 / 0.25) + 0.5 ln(0.5 / 0.75) = 0.5 ln(4 / 3), and nothing where both are the same."""
    ours = torch.tensor([[0.5, 0.5], [0.25, 0.75]]).log()
    theirs = torch.tensor([[0.25, 0.75], [0.25, 0.75]]).log()
    assert token_divergences(ours, theirs).tolist() == pytest.approx([0.5 * math.log(4 / 3), 0.0], abs=1e-7)


@pytest.mark.parametrize("parent", [0, None])
def test_it_is_what_merged_models_give(tiny_chat_model: Path, adapters: list[Path], parent: int | None) -> None:
    theirs = None if parent is None else adapters[parent]
    found = drifts(tiny_chat_model, adapters[1], theirs, ROWS)
    tokens = ChatTokens.load(tiny_chat_model)
    models = [load_policy(tiny_chat_model, adapter) for adapter in (adapters[1], theirs)]
    for (prompt, answer), drift in zip(ROWS, found, strict=True):
        asked, answered = tokens.prompt_ids(prompt), tokens.completion_ids(answer)
        with torch.no_grad():
            ours, other = (Categorical(logits=m(torch.tensor([asked + answered])).logits[0]) for m in models)
        by_token = kl_divergence(ours, other)[len(asked) - 1 : -1]
        assert drift.tokens == len(answered) == len(by_token)
        assert drift.nats == pytest.approx(float(by_token.sum()), rel=1e-3, abs=1e-5)
    assert found[0].nats > 0.001


def test_a_version_is_no_way_from_itself(tiny_chat_model: Path, adapters: list[Path]) -> None:
    assert [drift.nats for drift in drifts(tiny_chat_model, adapters[0], adapters[0], ROWS)] == [0.0, 0.0]


def test_an_adapter_of_another_model_is_refused(tiny_chat_model: Path, adapters: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UnusableModel, match="cannot be read"):
        drifts(tiny_chat_model, tmp_path, adapters[0], ROWS)
    other = write_random_model(tmp_path / "other", Shape(layers=1))
    with pytest.raises(UnusableModel, match=r"adapter0 .*does not fit"):
        drifts(other, adapters[0], None, ROWS)
