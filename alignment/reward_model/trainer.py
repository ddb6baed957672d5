"""TRL's RewardTrainer with the joint loss of comparisons and thumbs."""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers.modeling_outputs import SequenceClassifierOutput
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from alignment.errors import NonFiniteLoss
from alignment.padding import groups, parts_batches
from alignment.reward_model.loss import Judgements, LossSettings, joint_loss, judgement_logits
from alignment.trl_trainers import RewardTrainer

BIASES_FILE = "biases.json"
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

    The biases belong to the trainer and not to the model, so that the saved model is a plain classifier. They are saved
    with each checkpoint, and their gradients are averaged over the processes here, as they are outside of DDP.
    """

    def __init__(
        self,
        *args: Any,
        loss: LossSettings,
        biases: ThumbBiases,
        bias_learning_rate: float,
        total_weight: float,
        **kw: Any,
    ) -> None:
        """Takes what `RewardTrainer` takes, and what the joint loss needs.

        Args:
            *args: For `RewardTrainer`.
            loss: Constants of the loss.
            biases: Starting values.
            bias_learning_rate: Theirs.
            total_weight: Sum of the weights of all training rows.
            **kw: For `RewardTrainer`.
        """
        super().__init__(*args, **kw)
        self._loss, self._bias_learning_rate, self._total_weight = loss, bias_learning_rate, total_weight
        self.biases = biases.to(self.accelerator.device)
        self._stepped = False

    def _prepare_dataset(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:
        """The rows are token ids already."""
        return dataset

    def _set_signature_columns_if_needed(self) -> None:
        self._signature_columns = _COLUMNS

    def create_optimizer(self, *args: Any, **kwargs: Any) -> Any:
        """Adds the biases, which have a learning rate of their own and no weight decay: the loss has their prior."""
        optimizer = super().create_optimizer(*args, **kwargs)
        group = {"params": list(self.biases.parameters()), "lr": self._bias_learning_rate, "weight_decay": 0.0}
        optimizer.add_param_group(group)
        return optimizer

    def compute_loss(
        self, model: nn.Module, inputs: dict[str, Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The joint loss of a batch of `data.Collator`.

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
        self._note(logits.detach(), judgements, inputs["attention_mask"], loss.detach())
        return (loss, SequenceClassifierOutput(logits=rewards[:, None])) if return_outputs else loss

    def _rewards(self, model: nn.Module, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Scores (B,) of right-padded rows."""
        order, found = [], []
        for group in groups(attention_mask, len(input_ids), parts_batches(self.accelerator)):
            rows, columns = group.rows, group.columns
            outputs = model(
                input_ids=input_ids[rows, columns], attention_mask=attention_mask[rows, columns], use_cache=False
            )
            order.append(rows)
            found.append(outputs.logits.squeeze(-1).float())
        return torch.cat(found)[torch.argsort(torch.cat(order))]

    def training_step(self, *args: Any, **kwargs: Any) -> Tensor:
        """One batch forward and backward.

        Trainer clears the gradients of the model only, so those of the biases are cleared here after each step.
        """
        if self._stepped:
            self.biases.zero_grad()
        loss: Tensor = super().training_step(*args, **kwargs)
        self._stepped = self.accelerator.sync_gradients
        if self.accelerator.sync_gradients and self.accelerator.num_processes > 1:
            for parameter in self.biases.parameters():
                parameter.grad = self.accelerator.reduce(parameter.grad, reduction="mean")
        return loss

    def _note(self, logits: Tensor, judgements: Judgements, attention_mask: Tensor, loss: Tensor) -> None:
        """Keeps the batch's figures for the next log line, over all processes."""
        right = ((logits > 0) == (judgements.label > 0.5)).float()
        pair = judgements.is_pair.float()
        sums = torch.stack([loss, right @ pair, pair.sum(), right @ (1 - pair), (1 - pair).sum(), attention_mask.sum()])
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
            values = {"intercept": self.biases.intercept.item(), "raters": self.biases.raters.tolist()}
            (folder / BIASES_FILE).write_text(json.dumps(values))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        values = json.loads((Path(resume_from_checkpoint) / BIASES_FILE).read_text())
        with torch.no_grad():
            self.biases.intercept.fill_(values["intercept"])
            self.biases.raters.copy_(torch.tensor(values["raters"]))
