"""The joint loss of the reward model: comparisons and thumbs teach one scalar.

    comparison  P(a over b) = sigmoid(tau (r_a - r_b))     Bradley & Terry 1952; Ouyang et al. 2022, eq. 1
    thumb       P(up)       = sigmoid(r + b + u_rater)     a logistic model with an intercept and a random rater effect

(Ouyang et al. 2022, InstructGPT, arXiv:2203.02155.) The intercept b absorbs that people press thumbs up more often than
down. A rater's u absorbs how severe that one is; it has a normal prior, so a rater with few thumbs keeps u near 0. Both
are dropped at inference: what counts is r.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


@dataclass(frozen=True, slots=True)
class LossSettings:
    """The constants of the loss; see `RewardModelConfig` for what each does."""

    pair_temperature: float
    label_smoothing: float
    rater_l2: float


@dataclass(frozen=True, slots=True)
class Judgements:
    """What raters said about N answers or pairs of answers.

    Attributes:
        is_pair: (N,) bool, True for a comparison.
        label: (N,) float, 1 when the first of a pair was preferred or the answer was liked, else 0.
        weight: (N,) float, with mean 1 over the training rows.
        rater: (N,) int64, row of the raters' biases, or -1 for a rater that is not known.
    """

    is_pair: Tensor
    label: Tensor
    weight: Tensor
    rater: Tensor


def judgement_logits(
    first: Tensor, second: Tensor, judgements: Judgements, intercept: Tensor, biases: Tensor, pair_temperature: float
) -> Tensor:
    """Log-odds that the label is 1.

    Args:
        first: (N,) r of the answer, or of the first of a pair.
        second: (N,) r of the second of a pair; not read for thumbs.
        judgements: N of them.
        intercept: () b.
        biases: (R,) u of the raters.
        pair_temperature: tau.

    Returns:
        (N,) float.
    """
    known = judgements.rater >= 0
    # Row 0 stands in for a rater that is not known, and is then not used.
    bias = torch.where(known, biases[judgements.rater.clamp(min=0)], torch.zeros_like(first))
    return torch.where(judgements.is_pair, pair_temperature * (first - second), first + intercept + bias)


def joint_loss(
    logits: Tensor, judgements: Judgements, biases: Tensor, total_weight: float, settings: LossSettings
) -> Tensor:
    """Weighted cross-entropy with smoothed labels, plus the raters' prior.

        loss = (1/N) Σ w_i · CE(sigmoid(z_i), y_i (1 - 2ε) + ε)  +  l2 · Σ_r u_r² / W

    With l2 = 1 / (2 s²) for a prior N(0, s²), and W the total weight of the training rows, W times the mean loss is the
    negative log posterior of all rows: the prior counts the same however the rows are cut into batches. Labels are
    smoothed because people contradict themselves: a share ε is taken to be flipped (Szegedy et al. 2016,
    arXiv:1512.00567).

    Args:
        logits: (N,) from `judgement_logits`.
        judgements: The same N.
        biases: (R,) u.
        total_weight: W, the sum of the weights of all training rows.
        settings: ε and l2.

    Returns:
        () float.
    """
    smoothing = settings.label_smoothing
    target = judgements.label * (1 - 2 * smoothing) + smoothing
    losses = binary_cross_entropy_with_logits(logits, target, reduction="none")
    prior: Tensor = settings.rater_l2 * biases.square().sum() / total_weight
    return (judgements.weight * losses).mean() + prior
