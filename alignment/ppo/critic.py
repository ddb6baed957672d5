"""The critic: V(s) of every state of an answer, and its own optimiser.

By default it is a second LoRA adapter over the policy's base: both models share the frozen weights in memory, and each
has its own adapter, so none has to be switched in the middle of a step. It is outside of the policy's DDP, FSDP or
DeepSpeed wrapper: every process holds the whole critic, and gradients are averaged here.
"""

from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from peft import LoraConfig, get_peft_model
from torch import Tensor, nn
from transformers import AutoModel, PreTrainedModel

from alignment.errors import UnusableModel
from alignment.lora import LoraSettings


class Critic(nn.Module):
    """A headless transformer and a linear value head, which starts at V = 0: the score is centred there."""

    def __init__(self, backbone: Any, hidden_size: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(hidden_size, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, completion_length: int) -> Tensor:
        """Values of the states before each of the last `completion_length` tokens.

        Args:
            input_ids: (B, P + T).
            attention_mask: (B, P + T).
            completion_length: T.

        Returns:
            (B, T) float32.
        """
        states = self.backbone(input_ids=input_ids, attention_mask=attention_mask, use_cache=False).last_hidden_state
        values: Tensor = self.head(states[:, -completion_length - 1 : -1].to(self.head.weight.dtype))
        return values.squeeze(-1).float()

    def recompute_blocks(self) -> None:
        """Has the backward pass compute the blocks' activations again, so that they need not be kept."""
        self.backbone.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        self.backbone.train()

    def trained(self) -> dict[str, nn.Parameter]:
        """The weights that learn, by name."""
        return {name: parameter for name, parameter in self.named_parameters() if parameter.requires_grad}


def critic_over(policy: PreTrainedModel, lora: LoraSettings) -> Critic:
    """A critic that shares the policy's weights in memory and has an adapter of its own.

    Args:
        policy: Before it gets its adapter, on its device.
        lora: Size of the critic's adapter.
    """
    with torch.device("meta"):
        shell = AutoModel.from_config(policy.config)
    source: Any = policy.base_model
    for name, _ in list(shell.named_parameters()):
        owner, _, attribute = name.rpartition(".")
        shared = nn.Parameter(source.get_parameter(name).data, requires_grad=False)
        setattr(shell.get_submodule(owner), attribute, shared)
    for name, _ in list(shell.named_buffers()):
        owner, _, attribute = name.rpartition(".")
        shell.get_submodule(owner).register_buffer(attribute, source.get_buffer(name), persistent=False)
    config = LoraConfig(task_type="FEATURE_EXTRACTION", r=lora.rank, lora_alpha=lora.alpha, target_modules="all-linear")
    return Critic(get_peft_model(shell, config), policy.config.hidden_size).to(policy.device)


def critic_from(folder: Path) -> Critic:
    """A critic with a model of its own, all weights of which learn.

    Raises:
        UnusableModel: The folder has none.
    """
    try:
        backbone = AutoModel.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise UnusableModel(f"ppo.critic_model {folder} is not a model that can be read: {error}") from error
    return Critic(backbone, backbone.config.hidden_size)


class CriticUpdates:
    """Optimiser steps of the critic: gradients averaged over the processes, clipped, applied, with a warm-up."""

    def __init__(
        self, critic: Critic, accelerator: Accelerator, learning_rate: float, max_grad_norm: float, warmup_steps: int
    ) -> None:
        self.critic, self._accelerator, self._max_grad_norm = critic, accelerator, max_grad_norm
        self.optimizer = torch.optim.AdamW(list(critic.trained().values()), lr=learning_rate, weight_decay=0.0)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: min(1.0, (step + 1) / (warmup_steps + 1))
        )

    def step(self) -> float:
        """Applies the gradients that were added up.

        Returns:
            Their norm before it was clipped.
        """
        parameters = list(self.critic.trained().values())
        if self._accelerator.num_processes > 1:
            for parameter in parameters:
                parameter.grad = self._accelerator.reduce(parameter.grad, reduction="mean")
        norm = nn.utils.clip_grad_norm_(parameters, self._max_grad_norm)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
        return float(norm)

    def state_dict(self) -> dict[str, Any]:
        """Everything that an exact resume needs, weights included."""
        weights = {name: parameter.detach().cpu() for name, parameter in self.critic.trained().items()}
        return {"weights": weights, "optimizer": self.optimizer.state_dict(), "schedule": self.schedule.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes back to a saved state."""
        with torch.no_grad():
            for name, parameter in self.critic.trained().items():
                parameter.copy_(state["weights"][name])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
