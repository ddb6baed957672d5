"""What each stage of a run needs, in bytes, from the sizes of its models: weights, optimiser, activations, logits.

Activations that a backward pass keeps, per token and block of a decoder with gated feed-forward network (Touvron et al.
2023, Llama, arXiv:2302.13971), in floats: both norms keep 4 hidden; attention keeps queries, keys and values repeated
for each head, and its output, 4 heads x head size; the feed-forward network keeps gate, up, activation and product,
4 ffn; and each adapted layer keeps its rank. Training all weights keeps the normed inputs too, 2 hidden more. With
gradient checkpointing (Chen et al. 2016, arXiv:1604.06174) each block keeps its input alone.
`tests/alignment/test_memory.py` compares this with what autograd keeps.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from alignment.memory.model_shape import ModelShape

FLOAT = 4
"""Bytes; a CPU trains in float32."""

PROCESS_BYTES = 800 * 2**20
"""Of Python with torch, transformers, TRL and what they import."""

HEAD_TOKENS = 256
"""Tokens whose logits TRL's fused head computes at a time on a CPU (`alignment.trl_trainers`)."""

_HEAD_COLUMNS = 32_768  # of its tiles
_HEAD_COPIES = 5  # a tile, its exponentials, and what the sums over them take
_ADAM = 4  # weights, gradients, and two moments of each trained weight
_SLACK = 1.05  # masks, positions, small tensors


@dataclass(frozen=True, slots=True)
class StageNeed:
    """What a stage needs at its peak: what is there all the time, and what grows with the tokens of a forward pass.

    Attributes:
        resident: Bytes that do not depend on the batch, by what takes them.
        trained_token: Bytes per token whose activations are kept for the gradient.
        checkpointed_token: The same with gradient checkpointing.
        scored_token: Bytes per token of a forward pass without gradient.
        longest: Tokens of the longest row.
        sequences: Sequences of a row that must go through the model in one part: two for the reward model's pairs.
        rows: Of a batch, as configured.
        lower: Settings that make it smaller, for the refusal.
    """

    stage: str
    resident: Mapping[str, int]
    trained_token: int = 0
    checkpointed_token: int = 0
    scored_token: int = 0
    longest: int = 0
    sequences: int = 1
    rows: int = 1
    lower: str = ""

    @property
    def fixed(self) -> int:
        """Bytes whatever the batch."""
        return sum(self.resident.values())

    @property
    def batch_tokens(self) -> int:
        """Tokens of a whole batch of the longest rows."""
        return self.rows * self.least_tokens

    @property
    def least_tokens(self) -> int:
        """Tokens of the smallest part: one row."""
        return self.longest * self.sequences


def activations(shape: ModelShape, rank: int | None) -> int:
    """Bytes per token that a backward pass keeps; `rank` of the adapter, None where all weights learn."""
    learned = 2 * shape.hidden if rank is None else 7 * rank
    floats = 4 * shape.hidden + 4 * shape.attention + 4 * shape.ffn + learned
    return int(_SLACK * FLOAT * shape.layers * floats)


def checkpointed(shape: ModelShape, rank: int | None) -> int:
    """Bytes per token with gradient checkpointing: each block's input, and one block as it is computed again."""
    inputs = int(_SLACK * FLOAT * shape.layers * shape.hidden)
    return inputs + 2 * activations(shape, rank) // shape.layers


def forward_only(shape: ModelShape) -> int:
    """Bytes per token of a forward pass without gradient: what one block has at once, and the states around it."""
    return FLOAT * (8 * shape.hidden + 4 * shape.attention + 5 * shape.ffn)


def head_workspace(shape: ModelShape) -> int:
    """Bytes of the logits, which are computed in tiles; the largest part of a small model's step if they were not."""
    return _HEAD_COPIES * FLOAT * HEAD_TOKENS * min(shape.vocab, _HEAD_COLUMNS)


def reward_model(shape: ModelShape, rank: int | None, longest: int, rows: int) -> StageNeed:
    """Of the reward model and its shuffled control, one after the other; the saved model is scored beside it."""
    learned = shape.parameters if rank is None else shape.lora_parameters(rank)
    return StageNeed(
        stage="reward-model",
        resident={
            "process": PROCESS_BYTES,
            "weights": FLOAT * shape.parameters,
            "gradients and optimiser": (_ADAM - 1) * FLOAT * learned + (0 if rank is None else FLOAT * learned),
            "saved model that is scored": FLOAT * shape.parameters,
        },
        trained_token=activations(shape, rank),
        checkpointed_token=checkpointed(shape, rank),
        scored_token=forward_only(shape),
        longest=longest,
        sequences=2,
        rows=rows,
        lower="reward_model.max_length",
    )


def preference(algorithm: str, shape: ModelShape, rank: int, longest: int, rows: int) -> StageNeed:
    """Of KTO, DPO or SFT; the reference is the policy with its adapter off, so it takes nothing."""
    return StageNeed(
        stage=algorithm,
        resident={
            "process": PROCESS_BYTES,
            "weights": FLOAT * shape.parameters,
            "adapter, gradients and optimiser": _ADAM * FLOAT * shape.lora_parameters(rank),
            "logits": head_workspace(shape),
        },
        trained_token=activations(shape, rank),
        checkpointed_token=checkpointed(shape, rank),
        # On held-out rows the logits of whole answers are computed: themselves and their exponentials.
        scored_token=forward_only(shape) + 2 * FLOAT * shape.vocab,
        longest=longest,
        rows=rows * 2 if algorithm == "dpo" else rows,
        lower="preference.max_length",
    )


@dataclass(frozen=True, slots=True)
class PPOModels:
    """The models that PPO holds at once.

    Attributes:
        policy: Shape of policy and reference, which share their weights.
        critic: Of a critic with a model of its own; None where it is an adapter over the policy's weights.
        answered: Tokens that the key-value cache holds at most while answers are written.
        rows: Answers of one forward pass, as configured.
    """

    policy: ModelShape
    critic: ModelShape | None
    rank: int
    answered: int
    rows: int


def ppo(models: PPOModels, longest: int) -> StageNeed:
    """Of policy, critic, reward model and rollouts; policy and critic keep their activations at the same time."""
    shape, rank = models.policy, models.rank
    critic, critic_rank = (shape, rank) if models.critic is None else (models.critic, None)
    learned = shape.lora_parameters(rank) if models.critic is None else models.critic.parameters
    # Keys and values of a block grow by copying, so one block has them twice.
    cache = FLOAT * 2 * (shape.layers + 1) * shape.kv * models.answered
    return StageNeed(
        stage="ppo",
        resident={
            "process": PROCESS_BYTES,
            "weights": FLOAT * shape.parameters,
            "adapter, gradients and optimiser": _ADAM * FLOAT * shape.lora_parameters(rank),
            "critic": _ADAM * FLOAT * learned,
            "reward model": FLOAT * shape.parameters,
            "logits": head_workspace(shape),
            "key-value cache of the rollout": cache,
        },
        trained_token=activations(shape, rank) + activations(critic, critic_rank),
        checkpointed_token=checkpointed(shape, rank) + checkpointed(critic, critic_rank),
        scored_token=forward_only(shape),
        longest=longest,
        rows=models.rows,
        lower="ppo.max_prompt_tokens, ppo.max_new_tokens or ppo.forward_size",
    )


def register(shape: ModelShape) -> StageNeed:
    """Of the probe of a finished adapter: base and adapter in float32, and a few short texts."""
    weights = {"process": PROCESS_BYTES, "weights": FLOAT * shape.parameters}
    return StageNeed(stage="register", resident=weights | {"logits": 2 * FLOAT * 128 * shape.vocab})
