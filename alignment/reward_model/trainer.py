"""TRL's RewardTrainer with the joint loss of comparisons and thumbs."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers.modeling_outputs import SequenceClassifierOutput
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from alignment.errors import NonFiniteLoss
from alignment.memory.bounds import BatchBounds
from alignment.padding import groups, parts_batches
from alignment.reward_model.loss import Judgements, LossSettings, joint_loss, judgement_logits
from alignment.reward_model.parts import parts
from alignment.trl_trainers import RewardTrainer

BIASES_FILE = "biases.pt"
_COLUMNS = ["first", "second", "label", "weight", "rater"]


class ThumbBiases(nn.Module):
    """What makes a thumb besides the answer: b, and u of each rater. Dropped at inference.

    Attributes:
        intercept: () b.
        raters: (R,) u, at least one row so that an index is always valid.
    """

    def __init__(self, intercept: float, raters: int) -> None:
        super().__init__()
        self.intercept = nn.Parameter(torch.tensor(intercept))
        self.raters = nn.Parameter(torch.zeros(max(1, raters)))


class JointRewardTrainer(RewardTrainer):
    """Trains a sequence classifier with one output on rows that `reward_model.data` encoded.

    The biases belong to the trainer and not to the model, so that the saved model is a plain classifier. So what DDP,
    FSDP or DeepSpeed do for the model is done for them here: their gradients are averaged over the processes, they have
    an optimiser of their own, which follows the model's schedule, and both are saved with each checkpoint.
    """

    def __init__(
        self,
        *args: Any,
        loss: LossSettings,
        biases: ThumbBiases,
        bias_learning_rate: float,
        total_weight: float,
        bounds: BatchBounds,
        **kw: Any,
    ) -> None:
        """Takes what `RewardTrainer` takes, and what the joint loss needs.

        Args:
            *args: For `RewardTrainer`.
            loss: Constants of the loss.
            biases: Starting values.
            bias_learning_rate: Theirs.
            total_weight: Sum of the weights of all training rows.
            bounds: Of what goes through the model at once.
            **kw: For `RewardTrainer`.
        """
        super().__init__(*args, **kw)
        self._loss, self._bias_learning_rate, self._total_weight = loss, bias_learning_rate, total_weight
        self._bounds = bounds
        self._counted: list[Tensor] = []
        self.biases = biases.to(self.accelerator.device)
        self._bias_optimizer = torch.optim.AdamW(self.biases.parameters(), lr=bias_learning_rate, weight_decay=0.0)

    def _prepare_dataset(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:
        """The rows are token ids already."""
        return dataset

    def _set_signature_columns_if_needed(self) -> None:
        self._signature_columns = _COLUMNS

    def compute_loss(
        self, model: nn.Module, inputs: dict[str, Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The joint loss of a batch of `data.Collator`, or what a part of one adds to it.

        Raises:
            NonFiniteLoss: It is NaN or infinite on any process.
        """
        rewards = self._rewards(model, inputs["input_ids"], inputs["attention_mask"])
        judgements = Judgements(inputs["is_pair"], inputs["label"], inputs["weight"], inputs["rater"])
        first = rewards[: len(judgements.label)]
        second = torch.zeros_like(first)
        second[judgements.is_pair] = rewards[len(first) :]
        logits = judgement_logits(
            first, second, judgements, self.biases.intercept, self.biases.raters, self._loss.pair_temperature
        )
        loss = joint_loss(logits, judgements, self.biases.raters, self._total_weight, self._loss)
        loss = loss * inputs.get("share", 1.0)
        self._count(logits.detach(), judgements, inputs["attention_mask"], loss.detach())
        if not self.model.training:
            self._note()
        return (loss, SequenceClassifierOutput(logits=rewards[:, None])) if return_outputs else loss

    def _rewards(self, model: nn.Module, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Scores (B,) of right-padded rows."""
        order, found = [], []
        tokens = None if torch.is_grad_enabled() else self._bounds.scored_tokens
        for group in groups(attention_mask, len(input_ids), parts_batches(self.accelerator), tokens):
            rows, columns = group.rows, group.columns
            outputs = model(
                input_ids=input_ids[rows, columns], attention_mask=attention_mask[rows, columns], use_cache=False
            )
            order.append(rows)
            found.append(outputs.logits.squeeze(-1).float())
        return torch.cat(found)[torch.argsort(torch.cat(order))]

    def training_step(self, model: nn.Module, inputs: dict[str, Tensor], *args: Any, **kwargs: Any) -> Tensor:
        """One batch forward and backward, in parts whose gradients add up to the batch's; then the biases' step."""
        losses = [
            super(JointRewardTrainer, self).training_step(model, part, *args, **kwargs)
            for part in parts(inputs, self._bounds, parts_batches(self.accelerator))
        ]
        loss = torch.stack(losses).sum()
        self._note()
        if self.accelerator.sync_gradients:
            self._step_biases()
        return loss

    def _step_biases(self) -> None:
        """With no weight decay: the loss has their prior."""
        if self.accelerator.num_processes > 1:
            for parameter in self.biases.parameters():
                parameter.grad = self.accelerator.reduce(parameter.grad, reduction="mean")
        (group,) = self._bias_optimizer.param_groups
        group["lr"] = self._bias_learning_rate * self.optimizer.param_groups[0]["lr"] / self.args.learning_rate
        self._bias_optimizer.step()
        self._bias_optimizer.zero_grad()

    def _count(self, logits: Tensor, judgements: Judgements, attention_mask: Tensor, loss: Tensor) -> None:
        """Keeps a part's figures until the batch is whole."""
        right = ((logits > 0) == (judgements.label > 0.5)).float()
        pair = judgements.is_pair.float()
        counts = [loss, right @ pair, pair.sum(), right @ (1 - pair), (1 - pair).sum(), attention_mask.sum()]
        self._counted.append(torch.stack(counts))

    def _note(self) -> None:
        """Keeps the batch's figures for the next log line, over all processes."""
        sums = torch.stack(self._counted).sum(0)
        self._counted.clear()
        total, pairs_right, pairs, thumbs_right, thumbs, tokens = self.accelerator.reduce(sums, "sum").tolist()
        if not torch.isfinite(torch.tensor(total)):
            raise NonFiniteLoss(
                f"the reward model's loss is {total} at step {self.state.global_step}: nothing was written. "
                "Lower reward_model.learning_rate, or look for damaged weights in the base model."
            )
        mode = "train" if self.model.training else "eval"
        if mode == "train":
            self._total_train_tokens += tokens
        metrics = self._metrics[mode]
        metrics["num_tokens"] = [self._total_train_tokens]
        if pairs:
            metrics["accuracy/pairs"].append(pairs_right / pairs)
        if thumbs:
            metrics["accuracy/thumbs"].append(thumbs_right / thumbs)

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        if self.args.should_save:
            folder = Path(self.args.output_dir) / f"{PREFIX_CHECKPOINT_DIR}-{self.state.global_step}"
            state = {"biases": self.biases.state_dict(), "optimizer": self._bias_optimizer.state_dict()}
            torch.save(state, folder / BIASES_FILE)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        """What else a resumed run needs comes with the optimiser: DeepSpeed loads the model in another way."""
        super()._load_optimizer_and_scheduler(checkpoint)
        if checkpoint is None:
            return
        state = torch.load(Path(checkpoint) / BIASES_FILE, map_location="cpu")
        self.biases.load_state_dict(state["biases"])
        self._bias_optimizer.load_state_dict(state["optimizer"])
