"""Leaving padding out: every row comes back in its place, and what is computed does not change."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from alignment.adapters import load_policy
from alignment.padding import Group, compute_in_parts, groups, over_answers

# Prompts of 1, 6 and 3 tokens in six columns, answers of 2, 4 and 1 in four.
MASK = torch.tensor(
    [
        [0, 0, 0, 0, 0, 1, 1, 1, 0, 0],
        [1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        [0, 0, 0, 1, 1, 1, 1, 0, 0, 0],
    ]
)
IDS = torch.arange(30).reshape(3, 10) * MASK


def sums_so_far(ids: Tensor, kept: int) -> Tensor:
    """For each of the last tokens the sum of those before it: like a model, it needs all that is not padding."""
    return (torch.cumsum(ids, 1) - ids)[:, -kept:]


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_each_answer_gets_what_it_would_get_with_its_padding(apart: bool, size: int) -> None:
    def compute(group: Group, kept: int) -> list[Tensor]:
        ids = IDS[group.rows, group.columns]
        return [sums_so_far(ids, kept), ids[:, -kept:]]

    before, tokens = over_answers(MASK, 4, size, apart, compute)
    answers = MASK[:, -4:]
    assert torch.equal(before * answers, sums_so_far(IDS, 4) * answers)
    assert torch.equal(tokens * answers, IDS[:, -4:])


def test_rows_of_unlike_lengths_are_parted_and_empty_columns_cut() -> None:
    found = [(group.rows.tolist(), group.columns) for group in groups(MASK, 3, apart=True)]
    assert found == [([0, 2], slice(3, 8)), ([1], slice(0, 10))]
    together = [(group.rows.tolist(), group.columns) for group in groups(MASK[[0, 2]], 3, apart=False)]
    assert together == [([0, 1], slice(3, 8))]


def test_a_row_without_any_token_and_an_answer_without_any_are_computed_too() -> None:
    mask = torch.tensor([[0, 1, 0, 0], [0, 0, 0, 0]])
    (ones,) = over_answers(mask, 2, 2, True, lambda group, kept: [torch.ones(len(group.rows), kept)])
    assert ones.shape == (2, 2)


def test_a_model_that_leaves_out_padding_gives_the_same_states_and_gradients(tiny_chat_model: Path) -> None:
    states, gradients, computed = [], [], []
    for spared in (False, True):
        model = load_policy(tiny_chat_model, None)
        tokens: list[int] = []
        model.get_input_embeddings().register_forward_hook(
            lambda module, inputs, output, tokens=tokens: tokens.append(inputs[0].numel())
        )
        if spared:
            compute_in_parts(model, apart=True)
        found = model.base_model(input_ids=IDS, attention_mask=MASK, use_cache=False).last_hidden_state
        (found * MASK[..., None]).square().sum().backward()
        states.append(found[MASK.bool()].detach())
        gradients.append({name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None})
        computed.append(sum(tokens))
    torch.testing.assert_close(states[1], states[0])
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-4, atol=1e-4)
    assert computed == [30, 2 * 5 + 10], "the groups of two rows and of one, without the columns that they leave empty"


def test_a_model_that_leaves_out_padding_generates_as_before(tiny_chat_model: Path) -> None:
    model = load_policy(tiny_chat_model, None)
    inputs = {"input_ids": IDS[:, :6], "attention_mask": MASK[:, :6], "max_new_tokens": 4, "do_sample": False}
    before = model.generate(**inputs)
    compute_in_parts(model, apart=True)
    assert torch.equal(model.generate(**inputs), before)
