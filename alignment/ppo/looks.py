"""Looks at held-out prompts while PPO runs: the curve along which a better score can turn into worse answers."""

from pathlib import Path
from typing import Any

import torch
from accelerate.utils import gather_object
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from alignment.ppo.kl import sequence_kl
from alignment.ppo.prompts import PromptSets
from alignment.ppo.trainer import Ids, PPOTrainer
from alignment.progress import MetricsFile
from alignment.reports import Look
from alignment.stage_folder import save_trained


class LookAtHeldout(TrainerCallback):
    """Before the first step, after every few rollouts and after the last: answers, scores, the guards' decision.

    The best adapter so far stands in `best`.
    """

    def __init__(self, prompts: PromptSets, best: Path, metrics: MetricsFile, seed: int) -> None:
        """Prepares the looks.

        Args:
            prompts: With the held-out ones.
            best: Folder of the best adapter.
            metrics: Gets a line for each look.
            seed: Of the sampled answers: each look draws the same random numbers.
        """
        self._prompts, self._best, self._metrics, self._seed = prompts, best, metrics, seed
        self.trainer: PPOTrainer | None = None

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """The parent's own figures, which all later ones are compared with."""
        if state.global_step == 0:
            self._look(control, state)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Looks, and stops the run when a guard says so."""
        trainer = self._known()
        rollout, rest = divmod(state.global_step, trainer.steps_per_rollout)
        last = state.global_step >= state.max_steps or bool(trainer.guards.stopped)
        if rest == 0 and (rollout % trainer.ppo.eval_every == 0 or last):
            self._look(control, state)
        if trainer.guards.stopped and rest == 0:
            control.should_training_stop = True
            control.should_save = True

    def _look(self, control: TrainerControl, state: TrainerState) -> None:
        trainer = self._known()
        look, scores = look_at(trainer, self._prompts, self._seed)
        if trainer.guards.after_look(look, scores, trainer.limits):
            save_trained(trainer, self._best)
        if state.is_world_process_zero:
            figures = {f"heldout/{name}": value for name, value in look.model_dump(exclude={"rollout"}).items()}
            self._metrics.append(state.global_step, figures)

    def _known(self) -> PPOTrainer:
        if self.trainer is None:
            raise RuntimeError("the callback was not given its trainer")
        return self.trainer


def look_at(trainer: PPOTrainer, sets: PromptSets, seed: int) -> tuple[Look, list[float]]:
    """One sampled answer to each held-out prompt, shared out over the processes.

    Returns:
        The means, the score's over the prompts that choose an adapter; and the scores of those for the report.
    """
    accelerator, prompt_ids = trainer.accelerator, sets.heldout
    mine = list(range(accelerator.process_index, len(prompt_ids), accelerator.num_processes))
    prompts = [prompt_ids[row] for row in mine]
    devices = [accelerator.device] if accelerator.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed + accelerator.process_index)
        answers = trainer.answers(prompts)
    scored = trainer.scorer.score(prompts, answers)
    rows, size = [], trainer.args.per_device_train_batch_size
    for start in range(0, size * trainer.most(-(-len(mine) // size)), size):
        part = slice(start, start + size)
        # A process that has no answer left goes along with padding.
        padding = [[trainer.processing_class.pad_token_id]]
        kl, surprise = _distances(trainer, prompts[part] or padding, answers[part] or padding)
        for place, row in enumerate(mine[part]):
            cut = scored.truncated[start + place]
            length = len(answers[start + place])
            rows.append((row, scored.scores[start + place], kl[place], surprise[place], length, float(cut)))
    everywhere = sorted(gather_object(rows))
    count = len(everywhere)
    tokens = sum(row[4] for row in everywhere)
    chosen_by = [row[1] for row in everywhere if row[0] not in sets.for_report]
    look = Look(
        rollout=trainer.state.global_step // trainer.steps_per_rollout,
        score=sum(chosen_by) / len(chosen_by),
        kl=sum(row[2] for row in everywhere) / count,
        entropy=sum(row[3] for row in everywhere) / tokens,
        length=tokens / count,
        truncated=sum(row[5] for row in everywhere) / count,
    )
    return look, [row[1] for row in everywhere if row[0] in sets.for_report] or chosen_by


def _distances(trainer: PPOTrainer, prompts: Ids, answers: Ids) -> tuple[list[float], list[float]]:
    """Of each answer: nats from the reference, and its negative log-probability."""
    pad_id, device = trainer.processing_class.pad_token_id, trainer.accelerator.device
    width, length = max(map(len, prompts)), max(map(len, answers))
    ids = [
        [pad_id] * (width - len(prompt)) + prompt + answer + [pad_id] * (length - len(answer))
        for prompt, answer in zip(prompts, answers, strict=True)
    ]
    attention = [
        [0] * (width - len(prompt)) + [1] * (len(prompt) + len(answer)) + [0] * (length - len(answer))
        for prompt, answer in zip(prompts, answers, strict=True)
    ]
    input_ids, mask = torch.tensor(ids, device=device), torch.tensor(attention, device=device)
    logprobs = trainer.logprobs(input_ids, mask, length)
    ref_logprobs = trainer.logprobs(input_ids, mask, length, reference=True)
    response_mask = mask[:, width:]
    kl: list[float] = sequence_kl(logprobs, ref_logprobs, response_mask).tolist()
    surprise: list[float] = (-(logprobs * response_mask).sum(1)).tolist()
    return kl, surprise
