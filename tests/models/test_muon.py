"""Muon's step: orthogonal, whatever the shape."""

import pytest
import torch

from models.recipe.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(3, 16, 16), (2, 8, 24), (2, 24, 8)])
def test_singular_values_come_near_one_and_directions_stay(shape: tuple[int, int, int]) -> None:
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    found = orthogonal(matrices)
    left, values, right = torch.linalg.svd(found, full_matrices=False)
    # A direction that the gradient hardly has takes more iterations; those of a random matrix come this near.
    assert ((values > 0.3) & (values < 1.3)).all()
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    rotated = left.mT @ found @ right.mT
    off_diagonal = rotated - torch.diag_embed(rotated.diagonal(dim1=-2, dim2=-1))
    assert off_diagonal.abs().max() < 1e-3


def test_a_step_goes_against_the_gradient_and_decays_the_weights() -> None:
    weight = torch.nn.Parameter(torch.eye(4))
    optimiser = Muon([weight], lr=0.1, weight_decay=0.5)
    weight.grad = torch.eye(4)
    optimiser.step()
    # 1 - lr * decay = 0.95; the step is lr * 0.2 * sqrt(4) = 0.04 along the identity, give or take 30 %.
    assert weight.diagonal().tolist() == pytest.approx([0.91] * 4, abs=0.013)
    assert (weight - torch.diag(weight.diagonal())).abs().max() < 1e-6
