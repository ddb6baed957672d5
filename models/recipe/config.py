"""The settings of one run of the recipe: read from TOML, frozen, saved beside everything that it makes."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class InvalidConfig(ValueError):
    """A config file that cannot be read, or says something that is not possible."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelConfig(_Section):
    """The shape of the Llama."""

    hidden_size: int = Field(default=256, gt=0)
    layers: int = Field(default=6, gt=0)
    heads: int = Field(default=4, gt=0)
    ffn_size: int = Field(default=512, gt=0)
    max_positions: int = Field(default=1024, gt=0, description="tokens of context")


class TokenizerConfig(_Section):
    """The byte-level BPE."""

    vocab_size: int = Field(default=4096, ge=300)
    conversations: int = Field(default=12_000, gt=0, description="how many it is learned from")


class TrainConfig(_Section):
    """Optimisation. Learning rates rise over ``warmup_steps``, stay, and fall to zero over ``decay_steps``."""

    # Within three hours on two cores. A token costs 6 FLOP for each weight of the layers (3.9 million), for each of the
    # output layer (1.05 million) where it counts, about one in two, and some for attention: 28 million, 0.17 TFLOP a
    # step. Muon's iterations are 26 GFLOP more. A step took 1.1 s on two cores with AVX-512, so that 7,000 steps take
    # 2 h 10 min; the rest is for slower cores, tokenizer, evaluation and export.
    steps: int = Field(
        default=7000, gt=0, description="optimiser steps; a resumed run may change them while its rate is constant"
    )
    decay_steps: int = Field(default=2650, ge=0)
    warmup_steps: int = Field(default=40, ge=0)
    batch_tokens: int = Field(default=6144, gt=0, description="tokens of a step, padding included, more or less")
    micro_batch_tokens: int = Field(
        default=1536, gt=0, description="tokens at most that go through the model at once, all of similar length"
    )
    shard_size: int = Field(default=4096, gt=0, description="conversations drawn and dealt out to steps at a time")
    muon_lr: float = Field(default=0.0025, gt=0, description="for the matrices of the layers")
    adamw_lr: float = Field(default=0.004, gt=0, description="for embeddings and norms")
    weight_decay: float = Field(default=0.01, ge=0)
    grad_clip: float = Field(default=1.0, gt=0)
    checkpoint_every: int = Field(default=150, gt=0, description="steps")
    precision: Literal["bfloat16", "float32"] = Field(
        default="float32",
        description="of the weights in training; bfloat16 is faster only where the processor has it (AMX, GPU)",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="auto: a GPU if there is one")
    threads: int = Field(default=2, gt=0, description="measure before you change it: on a busy machine one is faster")


class EvaluateConfig(_Section):
    """How many held-out conversations are answered, and how."""

    per_gate: int = Field(default=200, gt=0, description="conversations of each intent that a gate looks at")
    per_intent: int = Field(default=40, gt=0, description="conversations of each other intent")
    temperature: float = Field(default=1.0, gt=0, description="of the sampled round")
    max_new_tokens: int = Field(default=200, gt=0)
    batch_size: int = Field(default=48, gt=0, description="conversations answered at once")
    lexicon_conversations: int = Field(default=24_000, gt=0, description="from which the judge learns its words")


class RecipeConfig(_Section):
    """Everything that decides what comes out, besides the versions of the libraries."""

    seed: int = 20261123
    work_dir: Path = Field(default=Path("build/starter"), description="tokenizer, checkpoint, metrics; not committed")
    output_dir: Path = Field(default=Path("models/starter"), description="the folder that is served")
    max_weight_mib: float = Field(default=16, gt=0, description="larger weights are refused")
    model: ModelConfig = ModelConfig()
    tokenizer: TokenizerConfig = TokenizerConfig()
    train: TrainConfig = TrainConfig()
    evaluate: EvaluateConfig = EvaluateConfig()


def read_config(path: Path | None) -> RecipeConfig:
    """Return the config of a TOML file; the defaults without one.

    Raises:
        InvalidConfig: the file is missing, is not TOML, or has an unknown key or an impossible value.
    """
    if path is None:
        return RecipeConfig()
    try:
        return RecipeConfig.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise InvalidConfig(f"{path} cannot be used: {error}") from error
