"""Settings of the reward model's stage."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from alignment.lora import LoraSettings


class RewardModelConfig(BaseModel):
    """How the reward model is trained; see `alignment.reward_model.loss` for what the weights mean."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["auto", "full", "lora"] = Field(
        default="auto",
        description="full fine-tuning, a LoRA adapter with a scalar head, or auto: full below full_below parameters",
    )
    full_below: int = Field(default=50_000_000, ge=0, description="parameters under which auto trains all weights")
    lora: LoraSettings = LoraSettings()
    epochs: float = Field(default=4.0, gt=0, le=100, description="passes over the rows")
    most_steps: int | None = Field(
        default=None,
        ge=1,
        description="optimiser steps at most, however many rows there are; by default all passes are made",
    )
    batch_size: int = Field(default=16, ge=1, description="rows of an optimiser step and process; a comparison is one")
    accumulation: int = Field(default=1, ge=1, description="batches whose gradients are added before a step")
    learning_rate: float = Field(default=5e-4, gt=0, description="peak; linear warm-up, then a cosine to zero")
    bias_learning_rate: float = Field(default=0.03, gt=0, description="of the thumbs' intercept and the raters' biases")
    warmup_share: float = Field(default=0.1, ge=0, lt=1, description="share of the steps that warm up")
    weight_decay: float = Field(default=0.01, ge=0, description="of the weights, not of the biases")
    max_grad_norm: float = Field(default=1.0, gt=0, description="the gradient is clipped to this norm")
    max_length: int = Field(default=768, ge=8, description="tokens of prompt and answer; the prompt is cut on its left")
    pair_temperature: float = Field(default=1.0, gt=0, description="tau of P(a over b) = sigmoid(tau (r_a - r_b))")
    label_smoothing: float = Field(default=0.05, ge=0, lt=0.5, description="share of labels taken to be flipped")
    rater_l2: float = Field(
        default=0.5, ge=0, description="1 / (2 s²) of the normal prior of a rater's bias, which shrinks it to zero"
    )
    rater_weight_cap: float = Field(
        default=50.0,
        ge=1,
        description="largest total weight of one rater, of every learner: 50 means as much as 50 rows",
    )
    eval_every: int = Field(default=25, ge=1, description="steps between two looks at the held-out rows")
    save_every: int = Field(default=25, ge=1, description="steps between two checkpoints")
    shuffled_control: bool = Field(default=True, description="train once more on shuffled labels, as a control")
    bootstrap: int = Field(default=500, ge=100, le=100_000, description="resamples of prompts for an interval")
    min_slice: int = Field(default=20, ge=1, description="rows under which a slice is not reported")
