"""Settings of the PPO stage."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from alignment.lora import LoraSettings


class PPOConfig(BaseModel):
    """How the policy is trained. The names are those of Schulman et al. 2017 and Ziegler et al. 2019."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lora: LoraSettings = LoraSettings()
    rollouts: int = Field(default=60, ge=1, description="times that answers are sampled and learned from")
    prompts_per_rollout: int = Field(default=32, ge=1, description="prompts of a rollout, over all processes")
    answers_per_prompt: int = Field(default=2, ge=2, le=64, description="answers sampled for each prompt")
    ppo_epochs: int = Field(default=2, ge=1, le=16, description="passes over a rollout")
    minibatches: int = Field(default=2, ge=1, description="optimiser steps of one pass")
    forward_size: int = Field(
        default=16, ge=1, description="answers of one forward pass and process; gradients add up to a minibatch"
    )
    learning_rate: float = Field(default=5e-4, gt=0, description="of the policy's adapter")
    critic_learning_rate: float = Field(default=1e-3, gt=0, description="of the critic")
    warmup_share: float = Field(default=0.05, ge=0, lt=1, description="share of the steps that warm up")
    max_grad_norm: float = Field(default=1.0, gt=0, description="norm of policy and critic gradient, clipped each")
    max_prompt_tokens: int = Field(default=512, ge=8, description="longer prompts are left out and counted")
    max_new_tokens: int = Field(default=128, ge=1, description="tokens of an answer")
    temperature: float = Field(default=1.0, gt=0, le=10, description="of the samples, and of all log-probabilities")
    gamma: float = Field(default=1.0, gt=0, le=1, description="discount per token")
    lam: float = Field(default=0.95, ge=0, le=1, description="λ of generalised advantage estimation")
    cliprange: float = Field(default=0.2, gt=0, lt=1, description="the probability ratio is clipped to 1 ± this")
    cliprange_value: float = Field(default=0.5, gt=0, description="a value moves by at most this per update")
    critic: Literal["adapter", "own"] = Field(
        default="adapter", description="a second adapter over the policy's base, or a model of its own"
    )
    critic_model: Path | None = Field(default=None, description="folder of that model; needed for critic = own")
    kl_coef: float = Field(default=0.05, ge=0, description="β of the first rollout, per nat")
    kl_target: float = Field(default=6.0, gt=0, description="nats per answer that the controller steers towards")
    kl_horizon: int = Field(default=2000, ge=1, description="answers over which the controller corrects an error")
    kl_budget: float = Field(default=15.0, gt=0, description="nats per answer at which the run stops")
    score_bound: float = Field(default=4.0, gt=0, description="the centred score s becomes bound · tanh(s / bound)")
    truncation_penalty: float = Field(default=2.0, ge=0, description="taken off an answer that did not end by itself")
    entropy_floor: float = Field(
        default=0.1, ge=0, lt=1, description="share of the first rollout's entropy under which the run stops"
    )
    eval_every: int = Field(default=5, ge=1, description="rollouts between two looks at the held-out prompts")
    eval_prompts: int = Field(default=128, ge=1, description="held-out prompts that are answered")
    patience: int = Field(default=4, ge=1, description="looks without a new best score after which the run stops")
    save_every: int = Field(default=5, ge=1, description="rollouts between two checkpoints")
    keep_checkpoints: int = Field(default=2, ge=1, description="checkpoints kept for resuming")
    rollout: Literal["auto", "transformers", "vllm"] = Field(
        default="auto", description="who generates: vllm (colocated) on a GPU, else transformers"
    )

    @model_validator(mode="after")
    def _possible(self) -> "PPOConfig":
        if (self.critic == "own") != (self.critic_model is not None):
            raise ValueError('critic_model is for critic = "own", and that needs it: set both or none')
        if self.kl_budget < self.kl_target:
            raise ValueError(f"kl_budget {self.kl_budget} is under kl_target {self.kl_target}: raise it")
        answers = self.prompts_per_rollout * self.answers_per_prompt
        if answers % self.minibatches:
            raise ValueError(f"{answers} answers of a rollout cannot be cut into {self.minibatches} equal minibatches")
        return self
