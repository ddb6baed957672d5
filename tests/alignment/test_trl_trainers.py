"""What is changed in TRL from outside: it must still be there to be changed, and give the same."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from trl.trainer import utils

from alignment import trl_trainers
from alignment.adapters import load_policy


def test_on_a_cpu_logits_are_computed_of_labelled_tokens_only(
    tiny_chat_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trl_trainers.KTOTrainer, "importing the module is what changes TRL"
    model = load_policy(tiny_chat_model, None)
    ids = torch.tensor([[5, 6, 7, 8, 9], [5, 6, 7, 0, 0]])
    mask = (ids > 0).long()
    labels = torch.tensor([[-100, -100, -100, 8, 9], [-100, -100, 7, -100, -100]])
    logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1]
    expected = torch.log_softmax(logits, -1).gather(-1, ids[:, 1:, None]).squeeze(-1) * (labels[:, 1:] > 0)

    scored = []
    head = utils._ChunkedLogProbFunction.apply

    def apply(hidden: torch.Tensor, *others: Any) -> Any:
        scored.append(len(hidden))
        return head(hidden, *others)

    monkeypatch.setattr(utils, "_ChunkedLogProbFunction", SimpleNamespace(apply=apply))
    utils.add_fused_lm_head(model)
    found = model(input_ids=ids, attention_mask=mask, labels=labels, fused_lm_head=True).log_probs
    torch.testing.assert_close(found, expected)
    assert scored == [3]
