"""A trained reward model, ready to judge answers: used by PPO, by best-of-n and by evaluations."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from transformers import AutoModelForSequenceClassification, PreTrainedModel
from transformers.utils import logging as transformers_logging

from alignment.chat_tokens import ChatTokens
from alignment.errors import UnusableModel
from alignment.preferences import Message
from alignment.reward_model.data import padded, token_batches

ABOUT_FILE = "reward.json"


class About(BaseModel):
    """What is needed to read the scores: `reward.json` beside the weights.

    Attributes:
        max_length: Tokens that the model was trained on at most.
        pair_temperature: tau of P(a over b) = sigmoid(tau (r_a - r_b)).
        intercept: b of P(up) = sigmoid(r + b) for a rater that is not known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_length: int
    pair_temperature: float
    intercept: float


class RewardModel:
    """One scalar per answer; only differences and the sum with `about.intercept` mean something."""

    def __init__(self, model: PreTrainedModel, tokens: ChatTokens, about: About, batch_tokens: int = 8192) -> None:
        """Takes a loaded classifier.

        Args:
            model: With one output.
            tokens: Its tokenizer.
            about: How it was trained.
            batch_tokens: Tokens of a forward pass at most, padding included.
        """
        self.model, self.tokens, self.about = model.eval(), tokens, about
        self._batch_tokens = batch_tokens

    @classmethod
    def load(cls, folder: Path, base_model: Path | None = None, batch_tokens: int = 8192) -> "RewardModel":
        """Reads `out/model` of the stage: a whole classifier, or a PEFT adapter over `base_model`.

        `batch_tokens` bounds a forward pass.

        Raises:
            UnusableModel: A file is missing or damaged.
        """
        try:
            about = About.model_validate_json((folder / ABOUT_FILE).read_text(encoding="utf-8"))
            model = (
                _adapted(folder, base_model)
                if (folder / "adapter_config.json").exists()
                else classifier(folder, new_head=False)
            )
        except (OSError, ValueError, RuntimeError, ValidationError) as error:
            raise UnusableModel(f"{folder} is not a reward model that can be read: {error}") from error
        device = "cuda" if torch.cuda.is_available() else "cpu"
        return cls(model.to(device), ChatTokens.load(folder), about, batch_tokens)

    def score(self, rows: Sequence[tuple[Sequence[Message], str]]) -> list[float]:
        """The reward of finished answers to prompts."""
        return self.score_ids([self.tokens.row_ids(*row, self.about.max_length) for row in rows])

    def score_ids(self, sequences: Sequence[Sequence[int]]) -> list[float]:
        """The reward of token ids: prompt, answer, end token. What is too long loses tokens on its left."""
        cut = [list(ids)[-self.about.max_length :] for ids in sequences]
        scores = [0.0] * len(cut)
        for batch in token_batches([len(ids) for ids in cut], self._batch_tokens):
            ids, mask = padded([cut[row] for row in batch], self.tokens.pad_id)
            with torch.no_grad():
                logits = self.model(
                    input_ids=ids.to(self.model.device), attention_mask=mask.to(self.model.device), use_cache=False
                ).logits
            for row, value in zip(batch, logits[:, 0].float().tolist(), strict=True):
                scores[row] = value
        return scores


def classifier(folder: Path, new_head: bool) -> PreTrainedModel:
    """A model with one output, in float32.

    Args:
        folder: Of a chat model, or of a reward model.
        new_head: The folder may lack the head; then it is new and gives 0 to everything.

    Raises:
        OSError, ValueError, RuntimeError: The folder has no such model.
    """
    transformers_level = transformers_logging.get_verbosity()
    # That a chat model has no such head is expected, and no news to whoever runs the job.
    transformers_logging.set_verbosity_error()
    try:
        model, loading = AutoModelForSequenceClassification.from_pretrained(
            folder, num_labels=1, dtype=torch.float32, local_files_only=True, output_loading_info=True
        )
    finally:
        transformers_logging.set_verbosity(transformers_level)
    missing = set(loading["missing_keys"])
    if missing - ({"score.weight"} if new_head else set()):
        raise ValueError(f"it lacks {len(missing)} tensors, first {min(missing)}")
    if missing:
        torch.nn.init.zeros_(model.score.weight)
    return model


def _adapted(folder: Path, base_model: Path | None) -> PreTrainedModel:
    from peft import PeftModel

    named = json.loads((folder / "adapter_config.json").read_text())["base_model_name_or_path"]
    model: Any = PeftModel.from_pretrained(classifier(base_model or Path(named), new_head=True), folder)
    return model.merge_and_unload()
