"""PPO on TRL's GRPOTrainer: its rollouts, reference, distribution and checkpoints; our critic, advantages and losses.

TRL dropped its PPOTrainer in 1.13. GRPOTrainer generates, scores and loops in the same way; what is made of the scores
differs. `_generate_and_score_completions` is called as it is and its output extended; `_compute_loss` is ours.
"""

import json
import math
import time
import warnings
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import DistributedType
from torch import Tensor, nn
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR
from trl.models.utils import unwrap_model_for_generation

from alignment.errors import NonFiniteLoss
from alignment.memory.bounds import UNBOUNDED, BatchBounds
from alignment.padding import Group, over_answers, parts_batches
from alignment.ppo.advantages import explained_variance, generalised_advantages, whiten
from alignment.ppo.config import PPOConfig
from alignment.ppo.critic import Critic, CriticUpdates
from alignment.ppo.generation import Ids, Sampling, generate
from alignment.ppo.guards import Guards, Limits
from alignment.ppo.kl import KLController, sequence_kl, token_rewards
from alignment.ppo.losses import approximate_kl, clipped_policy_loss, clipped_value_loss
from alignment.ppo.scores import AnswerScorer
from alignment.trl_trainers import GRPOTrainer

CRITIC_FILE = "critic.pt"
SHARDED = {DistributedType.FSDP, DistributedType.DEEPSPEED}
"""Where no process holds the whole policy. ZeRO-2 does leave it whole; being in step costs it little."""
# And TRL's "sampling/": how far an engine's log-probabilities are from the policy's.
_OURS = ("objective/", "policy/", "loss/", "val/", "sampling/", "tokens", "truncation_rate", "length")


class PPOTrainer(GRPOTrainer):
    """Token-level PPO with a critic and the KL in the reward."""

    _name = "PPO"

    def __init__(
        self,
        *args: Any,
        ppo: PPOConfig,
        critic: Critic,
        scorer: AnswerScorer,
        bounds: BatchBounds = UNBOUNDED,
        **kwargs: Any,
    ) -> None:
        """Takes what `GRPOTrainer` takes, except for reward functions, and what PPO needs.

        Args:
            *args: For `GRPOTrainer`.
            ppo: How.
            critic: On the policy's device.
            scorer: What an answer is worth; gets this trainer's reference for its baselines.
            bounds: Of what goes through the policy at once while it answers.
            **kwargs: For `GRPOTrainer`.
        """
        with warnings.catch_warnings():
            # TRL 1.16 calls its rollout seam experimental; what we use of it is tested.
            warnings.filterwarnings("ignore", message="You are using 'rollout_func'")
            super().__init__(*args, reward_funcs=[scorer], **kwargs)
        self.ppo, self.scorer = ppo, scorer
        self._answered_rows = bounds.scored_rows(2 * ppo.forward_size)
        scorer.answer_as_reference = self.reference_answers
        self.critic_updates = CriticUpdates(
            critic.to(self.accelerator.device),
            self.accelerator,
            ppo.critic_learning_rate,
            ppo.max_grad_norm,
            self.args.warmup_steps,
        )
        self.kl = KLController(ppo.kl_coef, ppo.kl_target, ppo.kl_horizon)
        self.limits = Limits(kl_budget=ppo.kl_budget, entropy_floor=ppo.entropy_floor, patience=ppo.patience)
        self.guards = Guards()
        self.seconds = {"rollout": 0.0, "update": 0.0}
        self.tokens = {"rollout": 0.0, "update": 0.0}

    @property
    def steps_per_rollout(self) -> int:
        """Optimiser steps that one rollout is used for."""
        return self.ppo.ppo_epochs * self.ppo.minibatches

    def _get_per_token_logps_and_entropies(
        self,
        model: nn.Module,
        input_ids: Tensor,
        attention_mask: Tensor,
        logits_to_keep: int,
        batch_size: int | None = None,
        compute_entropy: bool = False,
        **kwargs: Any,
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """TRL's, spared the padding; texts only, so that there is nothing else in a row to part."""
        forward = super()._get_per_token_logps_and_entropies

        def compute(group: Group, kept: int) -> list[Tensor]:
            rows, columns = group.rows, group.columns
            found = forward(
                model, input_ids[rows, columns], attention_mask[rows, columns], kept, compute_entropy=compute_entropy
            )
            return [tensor for tensor in found if tensor is not None]

        logprobs, *entropies = over_answers(
            attention_mask, logits_to_keep, batch_size or len(input_ids), parts_batches(self.accelerator), compute
        )
        return logprobs, entropies[0] if entropies else None, None

    def logprobs(self, input_ids: Tensor, attention_mask: Tensor, length: int, reference: bool = False) -> Tensor:
        """Log-probabilities of the last `length` tokens, without gradient.

        Args:
            input_ids: (B, P + T).
            attention_mask: (B, P + T).
            length: T.
            reference: Under the reference, which is the policy with its adapter off.

        Returns:
            (B, T).
        """
        policy: Any = self.accelerator.unwrap_model(self.model)
        with torch.no_grad(), policy.disable_adapter() if reference else nullcontext():
            found: Tensor = self._get_per_token_logps_and_entropies(
                self.model, input_ids, attention_mask, length, self.args.per_device_train_batch_size
            )[0]
        return found

    def values(self, input_ids: Tensor, attention_mask: Tensor, length: int) -> Tensor:
        """The critic's values (B, T) of the states before the last `length` tokens, without gradient."""
        with torch.no_grad():
            return self._values(input_ids, attention_mask, length)

    def _values(self, input_ids: Tensor, attention_mask: Tensor, length: int) -> Tensor:
        def compute(group: Group, kept: int) -> list[Tensor]:
            rows, columns = group.rows, group.columns
            return [self.critic_updates.critic(input_ids[rows, columns], attention_mask[rows, columns], kept)]

        size = self.args.per_device_train_batch_size
        with self.accelerator.autocast():
            return over_answers(attention_mask, length, size, parts_batches(self.accelerator), compute)[0]

    def most(self, count: int) -> int:
        """The largest count of all processes where the policy's weights are shared out over them, else this one's.

        There no process can go through the policy alone: each does what the others do as often, with padding at last.
        """
        if self.accelerator.distributed_type not in SHARDED:
            return count
        counts = self.accelerator.gather(torch.tensor([count], device=self.accelerator.device))
        return int(counts.max())

    def reference_answers(self, prompt_ids: Ids) -> Ids:
        """The reference's greedy answers: no chance, so no random numbers are drawn from the run's own."""
        return self.answers(prompt_ids, reference=True, sample=False)

    def answers(self, prompt_ids: Ids, reference: bool = False, sample: bool = True) -> Ids:
        """Generates with transformers; each answer has its end token if it ended by itself."""
        sampling = Sampling(
            max_new_tokens=self.max_completion_length,
            end_ids=self.eos_token_ids,
            pad_id=self.processing_class.pad_token_id,
            temperature=self.args.temperature if sample else None,
        )
        training = self.model.training
        with unwrap_model_for_generation(self.model_wrapped, self.accelerator) as policy:
            policy.eval()
            with policy.disable_adapter() if reference else nullcontext():
                found = generate(policy, prompt_ids, self._answered_rows, sampling, self.most)
            policy.train(training)
        return found

    def _generate_single_turn(self, prompt_ids: Ids, *args: Any, **kwargs: Any) -> tuple[Ids, Any]:
        """TRL's with vLLM; else ours, which is faster, and keeps in step where weights are sharded."""
        if self.use_vllm:
            found: tuple[Ids, Any] = super()._generate_single_turn(prompt_ids, *args, **kwargs)
            return found
        return self.answers(prompt_ids), None

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Tensor]:
        """A rollout with the advantages (B, T), returns (B, T) and old values (B, T) of its tokens."""
        started = time.monotonic()
        rollout: dict[str, Tensor] = super()._generate_and_score_completions(inputs)
        ids, attention_mask, length = _joined(rollout)
        mask = rollout["completion_mask"]
        old = rollout.get("old_per_token_logps")
        old = self.logprobs(ids, attention_mask, length) if old is None else old
        values = self.values(ids, attention_mask, length) * mask
        scores = torch.tensor(self.scorer.last.scores, device=old.device)
        rewards = token_rewards(scores, old, rollout["ref_per_token_logps"], mask, self.kl.kl_coef)
        advantages, returns = generalised_advantages(rewards, values, mask, self.ppo.gamma, self.ppo.lam)
        self._note_rollout(rollout, old, rewards, values, returns, scores)
        rollout |= {
            "old_per_token_logps": old,
            "old_values": values,
            "returns": returns,
            "advantages": whiten(advantages, mask, self._total),
        }
        self.seconds["rollout"] += time.monotonic() - started
        return rollout

    def _note_rollout(
        self,
        rollout: dict[str, Tensor],
        old: Tensor,
        rewards: Tensor,
        values: Tensor,
        returns: Tensor,
        scores: Tensor,
    ) -> None:
        """Figures of a rollout over all processes; then the controller and the guards decide on them."""
        mask = rollout["completion_mask"].float()
        kl = sequence_kl(old, rollout["ref_per_token_logps"], mask)
        cut = torch.tensor(self.scorer.last.truncated, dtype=torch.float32, device=mask.device)
        ones = torch.ones_like(scores)
        per_answer = torch.stack([ones, scores, kl, (rewards * mask).sum(1), cut, mask.sum(1), -(old * mask).sum(1)])
        answers, score, nats, reward, truncated, tokens, surprise = self._total(per_answer.sum(1)).tolist()
        figures = {
            "objective/scores": score / answers,
            "objective/kl": nats / answers,
            "objective/rewards": reward / answers,
            "objective/kl_coef": self.kl.kl_coef,
            "objective/entropy": surprise / tokens,
            "truncation_rate": truncated / answers,
            "length": tokens / answers,
            "val/explained_variance": explained_variance(values, returns, mask, self._total),
        }
        self._check(figures)
        for name, value in figures.items():
            self._metrics["train"][name].append(value)
        self.tokens["rollout"] += tokens
        self.kl.update(nats / answers, int(answers))
        self.guards.after_rollout(nats / answers, surprise / tokens, self.limits)

    def _compute_loss(self, model: nn.Module, inputs: dict[str, Tensor]) -> Tensor:
        """Policy and value loss of a batch, as a mean over the tokens of the whole minibatch.

        Raises:
            NonFiniteLoss: One of them is NaN or infinite on any process.
        """
        ids, attention_mask, length = _joined(inputs)
        mask = inputs["completion_mask"].float()
        old = inputs["old_per_token_logps"]
        logprobs, entropies, _ = self._get_per_token_logps_and_entropies(
            model, ids, attention_mask, length, compute_entropy=True
        )
        assert entropies is not None, "they were asked for"
        values = self._values(ids, attention_mask, length)
        policy = clipped_policy_loss(logprobs, old, inputs["advantages"], self.ppo.cliprange)
        value = clipped_value_loss(values, inputs["old_values"], inputs["returns"], self.ppo.cliprange_value)
        # An engine that samples with other numerics than these: TRL's correction for it.
        losses = policy.losses * inputs.get("importance_sampling_ratio", 1.0)
        loss = ((losses + value.losses) * mask).sum() / self._tokens_of_a_minibatch(inputs)
        k1, k3 = approximate_kl(logprobs.detach(), old)
        self._note_update(
            {
                "loss/policy": losses.detach(),
                "loss/value": value.losses.detach(),
                "policy/approxkl": k3,
                "policy/approxkl_k1": k1,
                "policy/clipfrac": policy.clipped.float(),
                "policy/entropy": entropies.detach(),
                "val/clipfrac": value.clipped.float(),
            },
            mask,
        )
        return loss

    def _tokens_of_a_minibatch(self, inputs: dict[str, Tensor]) -> Tensor:
        """The divisor that makes accumulated, averaged gradients a mean over tokens, on any number of processes.

        It is the mean over the minibatches of a rollout, so that a long answer weighs the same in each of them.
        """
        share = self.current_gradient_accumulation_steps / self.args.steps_per_generation
        return inputs["num_items_in_batch"].clamp(min=1.0) * share / self.accelerator.num_processes

    def _note_update(self, per_token: dict[str, Tensor], mask: Tensor) -> None:
        sums = [(values * mask).sum() for values in per_token.values()]
        *totals, tokens = self._total(torch.stack([*sums, mask.sum()])).tolist()
        figures = {name: total / max(1.0, tokens) for name, total in zip(per_token, totals, strict=True)}
        self._check(figures)
        for name, value in figures.items():
            self._metrics["train"][name].append(value)
        self.tokens["update"] += tokens

    def training_step(self, *args: Any, **kwargs: Any) -> Tensor:
        """A batch forward and backward; the critic's step after the last batch of a minibatch."""
        started, rollout = time.monotonic(), self.seconds["rollout"]
        loss: Tensor = super().training_step(*args, **kwargs)
        if self.accelerator.sync_gradients:
            self._metrics["train"]["loss/value_grad_norm"].append(self.critic_updates.step())
        self.seconds["update"] += time.monotonic() - started - (self.seconds["rollout"] - rollout)
        return loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Logs PPO's usual names; those of GRPO that mean nothing here are left out."""
        metrics = self._metrics["train"]
        for name in [name for name in metrics if not name.startswith(_OURS)]:
            del metrics[name]
        for kind in ("rollout", "update"):
            if self.seconds[kind] > 0:
                metrics[f"tokens/s_{kind}"] = [self.tokens[kind] / self.seconds[kind]]
        super().log(logs, start_time)

    def _total(self, values: Tensor) -> Tensor:
        total: Tensor = self.accelerator.reduce(values, reduction="sum")
        return total

    def _check(self, figures: dict[str, float]) -> None:
        """All processes see the same figures, so that all of them stop."""
        bad = next((name for name, value in figures.items() if not math.isfinite(value)), None)
        if bad is not None:
            raise NonFiniteLoss(
                f"{bad} is {figures[bad]} at step {self.state.global_step}: training stopped before it could spoil the "
                "weights, and nothing was registered. Lower ppo.learning_rate or ppo.critic_learning_rate."
            )

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        folder = Path(self.args.output_dir) / f"{PREFIX_CHECKPOINT_DIR}-{self.state.global_step}"
        state = {
            "kl_coef": self.kl.kl_coef,
            "guards": self.guards.model_dump(),
            "seconds": self.seconds,
            "tokens": self.tokens,
            "baselines": self.scorer.baselines,
        }
        (folder / self._state_file()).write_text(json.dumps(state), encoding="utf-8")
        if self.args.should_save:
            torch.save(self.critic_updates.state_dict(), folder / CRITIC_FILE)
        self.accelerator.wait_for_everyone()

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        """What else a resumed run needs comes with the optimiser: DeepSpeed loads the model in another way."""
        super()._load_optimizer_and_scheduler(checkpoint)
        if checkpoint is None:
            return
        folder = Path(checkpoint)
        state = json.loads((folder / self._state_file()).read_text(encoding="utf-8"))
        self.kl.kl_coef, self.guards = state["kl_coef"], Guards.model_validate(state["guards"])
        self.seconds, self.tokens = state["seconds"], state["tokens"]
        self.scorer.baselines.update(state["baselines"])
        self.critic_updates.load_state_dict(torch.load(folder / CRITIC_FILE, map_location="cpu"))

    def _state_file(self) -> str:
        return f"ppo_state_{self.accelerator.process_index}.json"


def _joined(rollout: dict[str, Tensor]) -> tuple[Tensor, Tensor, int]:
    """Token ids (B, P + T) and attention mask (B, P + T) of prompts and answers, and T."""
    ids = torch.cat([rollout["prompt_ids"], rollout["completion_ids"]], dim=1)
    mask = torch.cat([rollout["prompt_mask"], rollout["completion_mask"]], dim=1)
    return ids, mask, rollout["completion_ids"].shape[1]
