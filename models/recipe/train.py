"""Training: Muon for the matrices, AdamW for the rest, exact resume.

bfloat16 weights with float32 masters where that is faster.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from tqdm import tqdm
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from models.recipe.config import RecipeConfig, TrainConfig
from models.recipe.corpus import digest, held_out
from models.recipe.data import Batch, Position, bucketed, encode, training_steps
from models.recipe.model import new_model
from models.recipe.muon import Muon

CHECKPOINT = "checkpoint.pt"
METRICS = "metrics.jsonl"
# Drawing a step's text takes a processor 0.03 s. A GPU would wait for it, so it is done ahead, beside the step.
DATA_WORKERS = 3


class CannotResume(RuntimeError):
    """The checkpoint is missing, or belongs to another config or corpus."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """What one log line says; losses are nats per assistant token."""

    step: int
    tokens: int
    loss: float
    validation_loss: float | None
    seconds: float
    hardware: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: steps done, tokens seen (padding included), wall-clock seconds, and where it is in its data."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    position: Position = field(default_factory=Position)


class Optimiser:
    """Keeps float32 masters of bfloat16 weights and steps them.

    bfloat16 has 8 bits of precision, so that a small update of a weight would be rounded away: updates are added up
    in float32 and the weights are the rounded copy. Muon: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/.
    """

    def __init__(self, model: LlamaForCausalLM, config: TrainConfig) -> None:
        self._config = config
        self._weights = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self._masters = [weight.detach().float().clone() for weight in self._weights]
        names = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
        named = list(zip(names, self._masters, strict=True))
        matrices = [master for name, master in named if master.ndim == 2 and "embed" not in name]
        others = [master for name, master in named if master.ndim != 2 or "embed" in name]
        self._muon = Muon(matrices, lr=config.muon_lr, weight_decay=config.weight_decay)
        self._adamw = torch.optim.AdamW(others, lr=config.adamw_lr, betas=(0.9, 0.95), weight_decay=0.0)

    def step(self, lr_share: float) -> None:
        """Apply the weights' gradients with ``lr_share`` (0 to 1) of the learning rates, and clear them."""
        for weight, master in zip(self._weights, self._masters, strict=True):
            master.grad = None if weight.grad is None else weight.grad.float()
            weight.grad = None
        torch.nn.utils.clip_grad_norm_(self._masters, self._config.grad_clip)
        for optimiser, lr in ((self._muon, self._config.muon_lr), (self._adamw, self._config.adamw_lr)):
            for group in optimiser.param_groups:
                group["lr"] = lr * lr_share
            optimiser.step()
        self.write_weights()

    def write_weights(self) -> None:
        """Round the masters into the model's weights."""
        with torch.no_grad():
            for weight, master in zip(self._weights, self._masters, strict=True):
                weight.copy_(master)

    def state_dict(self) -> dict[str, Any]:
        """Return everything that a resumed run needs."""
        return {"masters": self._masters, "muon": self._muon.state_dict(), "adamw": self._adamw.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a saved state, weights included."""
        for master, saved in zip(self._masters, state["masters"], strict=True):
            master.data.copy_(saved)
        self._muon.load_state_dict(state["muon"])
        self._adamw.load_state_dict(state["adamw"])
        self.write_weights()


def response_nll(model: LlamaForCausalLM, batch: Batch) -> torch.Tensor:
    """Return the cross-entropy (nats) summed over the batch's response tokens: a float32 scalar."""
    hidden = model.model(input_ids=batch.ids[:, :-1], use_cache=False).last_hidden_state
    counts = batch.response_mask[:, 1:]
    # Only the positions that count go through the output layer, which is a third of the arithmetic.
    logits = model.lm_head(hidden[counts]).float()
    return functional.cross_entropy(logits, batch.ids[:, 1:][counts], reduction="sum")


def accumulate_gradients(model: LlamaForCausalLM, batches: Sequence[Batch]) -> float:
    """Add the gradient of one step's loss to the weights' and return that loss (nats per response token).

    The loss is the mean over the response tokens of all micro-batches together, each counting once: as if they had
    been one batch.
    """
    counted = sum(batch.response_tokens for batch in batches)
    losses = []
    for batch in batches:
        loss = response_nll(model, batch.to(model.device)) / counted
        loss.backward()  # type: ignore[no-untyped-call]
        losses.append(loss.detach())
    return torch.stack(losses).sum().item()


def lr_share(step: int, config: TrainConfig) -> float:
    """Return the share (0 to 1) of the learning rate at a step: warm up, stay, fall linearly.

    It stays constant until the fall, so that a run can be made longer without having known it before.
    """
    rising = min(1.0, (step + 1) / max(1, config.warmup_steps))
    falling = min(1.0, (config.steps - step) / max(1, config.decay_steps))
    return min(rising, falling)


@contextmanager
def _flushed_denormals() -> Iterator[None]:
    """Once most tokens are certain, gradients shrink below 1e-38, where a CPU is slow: 1.45 against 0.8 s a step.

    Threads that torch starts meanwhile inherit it.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


@_flushed_denormals()
def train(
    config: RecipeConfig, tokenizer: PreTrainedTokenizerFast, *, resume: bool, stop_after_s: float = math.inf
) -> LlamaForCausalLM | None:
    """Train to ``config.train.steps`` and return the model; checkpoint and metrics go to ``config.work_dir``.

    After ``stop_after_s`` seconds it stops at the next checkpoint and returns None, unless that was the last step.

    Raises:
        CannotResume: ``resume`` without a checkpoint of this config and corpus.
    """
    torch.set_num_threads(config.train.threads)
    config.work_dir.mkdir(parents=True, exist_ok=True)
    device = device_of(config.train)
    hardware = (
        torch.cuda.get_device_name(device) if device.type == "cuda" else f"{config.train.threads} processor cores"
    )
    model = new_model(config.model, tokenizer, config.seed).to(device, getattr(torch, config.train.precision))
    optimiser = Optimiser(model, config.train)
    done = _load(config, optimiser) if resume else Progress()
    _forget_metrics_after(config.work_dir, done.step)
    validation = [batch.to(device) for batch in _validation_batches(config, tokenizer)]
    workers = 0 if device.type == "cpu" else DATA_WORKERS
    steps = training_steps(config.train, tokenizer, config.seed, done.position, workers=workers)
    stop_at = time.monotonic() + stop_after_s
    began = time.monotonic() - done.seconds
    bar = tqdm(total=config.train.steps, initial=done.step, unit="step", dynamic_ncols=True, mininterval=1.0)
    losses: list[float] = []
    while done.step < config.train.steps:
        batches, position = next(steps)
        losses.append(accumulate_gradients(model, batches))
        optimiser.step(lr_share(done.step, config.train))
        tokens = done.tokens + sum(batch.ids.numel() for batch in batches)
        done = Progress(done.step + 1, tokens, time.monotonic() - began, position)
        bar.update()
        bar.set_postfix(loss=f"{losses[-1]:.3f}", refresh=False)
        if done.step % config.train.checkpoint_every == 0 or done.step == config.train.steps:
            measured = validation_loss(model, validation)
            loss = sum(losses) / len(losses)
            _log(config.work_dir, Metrics(done.step, done.tokens, loss, measured, done.seconds, hardware))
            _save(config, optimiser, done)
            losses = []
            if time.monotonic() >= stop_at:
                break
    bar.close()
    return model if done.step >= config.train.steps else None


def device_of(config: TrainConfig) -> torch.device:
    """Return the device that the config names; `auto` is a GPU if there is one."""
    if config.device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(config.device)


@torch.no_grad()
def validation_loss(model: LlamaForCausalLM, batches: Sequence[Batch]) -> float:
    """Return the loss (nats per response token) over batches, each token counting once."""
    total = sum(response_nll(model, batch).item() for batch in batches)
    return total / sum(batch.response_tokens for batch in batches)


def read_metrics(work_dir: Path) -> list[Metrics]:
    """Return the run's log lines, oldest first."""
    lines = (work_dir / METRICS).read_text(encoding="utf-8").split("\n")
    return [Metrics(**json.loads(line)) for line in lines if line]


def _validation_batches(config: RecipeConfig, tokenizer: PreTrainedTokenizerFast) -> list[Batch]:
    examples = [encode(tokenizer, conversation) for conversation in held_out(config.seed, 60)]
    return list(bucketed(examples, config.train.micro_batch_tokens, tokenizer.pad_token_id))


def _log(work_dir: Path, metrics: Metrics) -> None:
    values = {name: getattr(metrics, name) for name in Metrics.__slots__}
    with (work_dir / METRICS).open("a", encoding="utf-8") as log:
        log.write(json.dumps(values) + "\n")


def _forget_metrics_after(work_dir: Path, step: int) -> None:
    # A run that was killed after a log line and before its checkpoint says that line again.
    path = work_dir / METRICS
    if path.exists():
        lines = path.read_text(encoding="utf-8").split("\n")
        kept = [line for line in lines if line and json.loads(line)["step"] <= step]
        path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")


def _identity(config: RecipeConfig) -> str:
    # What a resumed run may change: how long it is, what it runs on, and what comes after it.
    free = {"steps", "decay_steps", "threads", "device"}
    return config.model_dump_json(
        include={"seed": True, "model": True, "tokenizer": True, "train": set(TrainConfig.model_fields) - free}
    )


def _save(config: RecipeConfig, optimiser: Optimiser, done: Progress) -> None:
    state = {
        "config": _identity(config),
        "corpus": digest(config.seed),
        "progress": asdict(done),
        "optimiser": optimiser.state_dict(),
    }
    # Written beside and renamed: a run killed while saving still has its last checkpoint.
    partial = config.work_dir / f"{CHECKPOINT}.partial"
    torch.save(state, partial)
    partial.replace(config.work_dir / CHECKPOINT)


def _load(config: RecipeConfig, optimiser: Optimiser) -> Progress:
    path = config.work_dir / CHECKPOINT
    if not path.exists():
        raise CannotResume(f"There is no checkpoint at {path}; start without --resume.")
    state = torch.load(path, weights_only=True, map_location="cpu")
    if state["config"] != _identity(config):
        raise CannotResume(f"{path} was made with another config ({state['config']}); only its length may differ.")
    if state["corpus"] != digest(config.seed):
        raise CannotResume(f"{path} was made from another corpus: this recipe generates other text; start anew.")
    optimiser.load_state_dict(state["optimiser"])
    progress = state["progress"]
    return Progress(**{**progress, "position": Position(**progress["position"])})
