"""What a trained policy prefers: log(pi(y|x) / pi_ref(y|x)), its implicit reward (Rafailov et al. 2023, eq. 5).

It is known up to a constant of the prompt, and lets KTO, DPO and SFT be judged on the same held-out rows: does the
policy now put more weight on what people preferred than its parent did?
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from alignment.algorithms.rows import Split
from alignment.chat_tokens import ChatTokens
from alignment.reward_model.data import Feedback, padded, token_batches
from alignment.reward_model.report import Quality, Resampling, Scored, quality

Row = tuple[list[int], list[int]]


def heldout_quality(policy: Any, tokens: ChatTokens, split: Split, batch_tokens: int, seed: int) -> Quality:
    """Accuracy on comparisons and AUROC on thumbs of the implicit reward.

    Args:
        policy: A PEFT model; with its adapter off it is the parent.
        tokens: Its tokenizer.
        split: Held-out judgements.
        batch_tokens: Of a forward pass, padding included.
        seed: Of the bootstrap.
    """
    rows = [(row.prompt, row.chosen) for row in split.comparisons]
    rows += [(row.prompt, row.rejected) for row in split.comparisons]
    rows += [(row.prompt, row.completion) for row in split.thumbs]
    encoded = [(tokens.prompt_ids(prompt), tokens.completion_ids(answer)) for prompt, answer in rows]
    rewards = np.array(implicit_rewards(policy, encoded, tokens.pad_id, batch_tokens), dtype=float)
    pairs = len(split.comparisons)
    scored = Scored(
        Feedback(split.comparisons, split.thumbs), rewards[:pairs], rewards[pairs : 2 * pairs], rewards[2 * pairs :]
    )
    return quality(scored, Resampling(500, seed))


def implicit_rewards(policy: Any, rows: Sequence[Row], pad_id: int, batch_tokens: int) -> list[float]:
    """Nats, for each prompt and answer; at least one goes through the policy at a time."""
    policy.eval()
    found = [0.0] * len(rows)
    for batch in token_batches([len(prompt) + len(answer) for prompt, answer in rows], batch_tokens):
        taken = [rows[row] for row in batch]
        trained = _log_likelihoods(policy, taken, pad_id)
        with policy.disable_adapter():
            parent = _log_likelihoods(policy, taken, pad_id)
        for row, reward in zip(batch, (trained - parent).tolist(), strict=True):
            found[row] = reward
    return found


def _log_likelihoods(policy: Any, rows: Sequence[Row], pad_id: int) -> torch.Tensor:
    """(B,) log pi(y|x), the end token included."""
    ids, mask = padded([prompt + answer for prompt, answer in rows], pad_id)
    ids, mask = ids.to(policy.device), mask.to(policy.device)
    first = min(len(prompt) for prompt, _ in rows)
    with torch.no_grad():
        # Logits of what no answer is predicted from are not computed: they would take most of the memory.
        found = policy(input_ids=ids, attention_mask=mask, use_cache=False, logits_to_keep=ids.shape[1] - first + 1)
        logits = found.logits[:, :-1].float()
    chosen = logits.gather(-1, ids[:, first:, None]).squeeze(-1) - torch.logsumexp(logits, dim=-1)
    places = torch.arange(first, ids.shape[1], device=ids.device)
    starts = torch.tensor([len(prompt) for prompt, _ in rows], device=ids.device)
    ends = torch.tensor([len(prompt) + len(answer) for prompt, answer in rows], device=ids.device)
    answer = (places >= starts[:, None]) & (places < ends[:, None])
    return (chosen * answer).sum(1)
