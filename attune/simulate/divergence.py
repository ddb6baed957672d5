"""How far a version has moved away from the base model, on its own answers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from attune.simulate.questions import Question
from evals.statistics import Estimate, mean_interval

_BATCH_TOKENS = 8192


def kl_from_base(base: Path, adapter: Path, rows: Sequence[tuple[Question, str]], seed: int) -> Estimate:
    """Nats per answer: the mean of log(pi / pi_base) over answers that were sampled from the version.

    Computed by transformers in float32 from the registered files. An answer that was cut at the limit of tokens counts
    as if it had ended there.

    Args:
        base: Folder of the base model.
        adapter: Folder of the version, an adapter over it.
        rows: What was asked, and the version's answer.
        seed: Of the bootstrap.
    """
    from peft import PeftModel

    from alignment.adapters import load_policy
    from alignment.algorithms.implicit_reward import implicit_rewards
    from alignment.chat_tokens import ChatTokens

    tokens = ChatTokens.load(base)
    policy = PeftModel.from_pretrained(load_policy(base, None), str(adapter))
    encoded = [(tokens.prompt_ids(question.prompt), tokens.completion_ids(text)) for question, text in rows]
    nats = np.array(implicit_rewards(policy, encoded, tokens.pad_id, _BATCH_TOKENS), dtype=np.float64)
    return mean_interval(nats, 2000, seed)
