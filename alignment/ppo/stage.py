"""The stage: a reward model and prompts become an adapter and a report. Every step can be interrupted and resumed."""

from contextlib import nullcontext
from functools import partial
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from transformers import set_seed

from alignment.adapters import describe_parent, finish_adapter, load_policy, lora_config
from alignment.chat_tokens import ChatTokens
from alignment.checkpoints import newest
from alignment.errors import AlignmentError
from alignment.memory.bounds import UNBOUNDED, BatchBounds
from alignment.plots import draw_curves
from alignment.ppo.colocated import colocated
from alignment.ppo.config import PPOConfig
from alignment.ppo.critic import critic_from, critic_over
from alignment.ppo.looks import LookAtHeldout
from alignment.ppo.prompts import PromptSets, as_dataset_rows, batch_shape, prompt_sets
from alignment.ppo.rollout import Rollout
from alignment.ppo.scores import AnswerScorer, Scorer
from alignment.ppo.trainer import PPOTrainer
from alignment.progress import MetricsFile, quiet, watching
from alignment.reports import PolicyReport, Speed, peak_memory_mib
from alignment.reward_model.score import RewardModel
from alignment.stage_folder import reported, resume_point, save_trained
from alignment.training_arguments import common_arguments, this_process
from alignment.trl_trainers import GRPOConfig
from evals.statistics import Estimate, bootstrap

_PANELS = (
    ("objective/scores", "heldout/score"),
    ("objective/kl", "heldout/kl"),
    ("objective/kl_coef",),
    ("policy/entropy", "heldout/entropy"),
    ("policy/approxkl",),
    ("policy/clipfrac", "val/clipfrac"),
    ("loss/value",),
    ("val/explained_variance",),
    ("length", "heldout/length"),
    ("truncation_rate", "heldout/truncated"),
)
_SHOWN = ("objective/scores", "objective/kl", "policy/entropy", "loss/value")


def train_ppo(
    config: PPOConfig,
    *,
    snapshot: Path,
    base_model: Path,
    parent_adapter: Path | None,
    reward_model: Path,
    out: Path,
    seed: int,
    resume: bool,
    rater_weight_cap: float = float("inf"),
    bounds: BatchBounds = UNBOUNDED,
) -> PolicyReport:
    """Trains a policy and leaves `adapter/`, `report.json`, `metrics.jsonl` and `curves.png` in `out`.

    Args:
        config: How.
        snapshot: Folder with the prompts of both splits.
        base_model: Folder of the chat model that the adapter is for.
        parent_adapter: Of the version that is improved on, or None where that is the base model itself.
        reward_model: `model/` of the reward model's stage.
        out: Folder to work in.
        seed: Of everything random.
        resume: Go on where an interrupted run stopped; else begin anew.
        rater_weight_cap: Most prompts that are one rater's alone.
        bounds: Of what goes through the models at once.

    Returns:
        What `report.json` says.

    Raises:
        UnusableFeedback: There are no prompts.
        UnusableModel: A model or adapter cannot be read.
        NonFiniteLoss: Training diverged.
        DiskFull: A checkpoint could not be written.
    """

    def train() -> partial[PolicyReport]:
        tokens = ChatTokens.load(base_model)
        prompts = prompt_sets(config, tokens, snapshot, seed, rater_weight_cap)
        scorer = RewardModel.load(reward_model, base_model, bounds.scored_tokens)
        trainer = build_trainer(
            config, base_model, parent_adapter, prompts, scorer.score_ids, tokens, out, seed, bounds=bounds
        )
        run(trainer, out)
        if trainer.guards.best == 0:
            save_trained(trainer, out / "best")
        return partial(_finish, trainer, prompts, parent_adapter, base_model, out, seed)

    return reported(out, PolicyReport, train, resume=resume)


def build_trainer(
    config: PPOConfig,
    base_model: Path,
    parent_adapter: Path | None,
    prompts: PromptSets,
    scorer: Scorer,
    tokens: ChatTokens,
    out: Path,
    seed: int,
    rollout: Rollout | None = None,
    bounds: BatchBounds = UNBOUNDED,
) -> PPOTrainer:
    """Everything of a run, ready to train.

    Args:
        config: How.
        base_model: Folder of the chat model.
        parent_adapter: Merged into it, if there is one.
        prompts: To learn from and to look at.
        scorer: From token ids to rewards.
        tokens: Tokenizer of the base model.
        out: Folder to work in.
        seed: Of everything random.
        rollout: Who writes the answers, if not TRL.
        bounds: Of what goes through the models at once.
    """
    state = this_process()
    set_seed(seed)
    policy = load_policy(base_model, parent_adapter).to(state.device)
    critic = critic_from(config.critic_model) if config.critic_model else critic_over(policy, config.lora)
    if bounds.checkpointing:
        critic.recompute_blocks()
    answers = AnswerScorer(
        scorer,
        lambda prompt: _prompt_ids(tokens, prompt),
        _end_ids(policy.generation_config.eos_token_id, tokens.end_id),
        config.score_bound,
        config.truncation_penalty,
    )
    metrics = MetricsFile(out / "metrics.jsonl")
    resume_point(out, metrics)
    looks = LookAtHeldout(prompts, out / "best", metrics, seed)
    arguments = _arguments(config, out, seed, state.num_processes, bounds)
    with colocated() if arguments.use_vllm else nullcontext():
        trainer = PPOTrainer(
            model=policy,
            args=arguments,
            train_dataset=Dataset.from_list(as_dataset_rows(prompts.train)),
            processing_class=tokens.tokenizer,
            peft_config=lora_config(config.lora),
            callbacks=[looks, *watching(metrics, "ppo", _SHOWN)],
            rollout_func=rollout,
            ppo=config,
            critic=critic,
            scorer=answers,
            bounds=bounds,
        )
    looks.trainer = trainer
    quiet(trainer)
    return trainer


def run(trainer: PPOTrainer, out: Path) -> None:
    """Trains, from the newest complete checkpoint if there is one.

    Raises:
        AlignmentError: There was no batch to train on: a wrong batch shape must not look like a finished run.
    """
    checkpoint = newest(out / "checkpoints")
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if trainer.state.global_step == 0:
        raise AlignmentError(
            f"no optimiser step was made with {len(trainer.train_dataset)} prompts and "
            f"{trainer.args.generation_batch_size} answers a rollout: lower ppo.prompts_per_rollout"
        )


def _arguments(config: PPOConfig, out: Path, seed: int, processes: int, bounds: BatchBounds) -> GRPOConfig:
    per_rollout = config.ppo_epochs * config.minibatches
    steps = config.rollouts * per_rollout
    cuda = torch.cuda.is_available()
    return GRPOConfig(
        **common_arguments(out, seed, config.save_every * per_rollout, config.keep_checkpoints, bounds.checkpointing),
        **batch_shape(config, processes, bounds),
        learning_rate=config.learning_rate,
        lr_scheduler_type="constant_with_warmup",
        warmup_steps=int(steps * config.warmup_share),
        max_grad_norm=config.max_grad_norm,
        weight_decay=0.0,
        max_completion_length=config.max_new_tokens,
        temperature=config.temperature,
        top_p=1.0,
        top_k=0,
        # Any value but 0 makes GRPOTrainer compute the reference's log-probabilities; the KL's price is ours.
        beta=1.0,
        epsilon=config.cliprange,
        scale_rewards="none",
        loss_type="dapo",
        disable_dropout=True,
        log_completions=False,
        use_vllm=config.rollout == "vllm" or (config.rollout == "auto" and cuda),
        vllm_mode="colocate",
        vllm_max_model_length=config.max_prompt_tokens + config.max_new_tokens,
    )


def _finish(
    trainer: PPOTrainer, prompts: PromptSets, parent_adapter: Path | None, base_model: Path, out: Path, seed: int
) -> PolicyReport:
    guards, config = trainer.guards, trainer.ppo
    best = guards.looks[guards.best]
    warnings = []
    if guards.best == 0:
        warnings.append("no look at the held-out prompts was better than the parent: the last adapter was written")
    if not prompts.for_report:
        warnings.append("too few held-out prompts: the gain is measured on those that chose the adapter")
    rank = finish_adapter(out / "best", parent_adapter, base_model, out / "adapter")
    gain = _gain(guards.start_scores, guards.best_scores, seed)
    draw_curves(out / "curves.png", MetricsFile(out / "metrics.jsonl").rows(), _PANELS)
    return PolicyReport(
        algorithm="ppo",
        rows=prompts.counts,
        parameters=sum(p.numel() for p in trainer.model.parameters() if p.requires_grad),
        rank=rank,
        parent=describe_parent(parent_adapter),
        steps=trainer.state.global_step,
        stopped=guards.stopped or f"all {config.rollouts} rollouts are done",
        best_step=(best.rollout if guards.best else guards.looks[-1].rollout) * trainer.steps_per_rollout,
        improved=gain.low is not None and gain.low > 0,
        heldout={"score_gain": gain},
        looks=tuple(guards.looks),
        speed=_speed(trainer, MetricsFile(out / "metrics.jsonl").seconds()),
        warnings=tuple(warnings),
    )


def _gain(start: list[float], best: list[float], seed: int) -> Estimate:
    """Mean difference of the scores of the kept adapter and the parent on the held-out prompts for the report."""
    if not best:
        return Estimate(value=None, low=None, high=None, n=0, method="paired bootstrap by prompt")
    difference = np.array(best) - np.array(start)
    found = bootstrap(lambda rows: float(difference[rows].mean()), list(range(len(difference))), 2000, seed)
    return found.model_copy(update={"method": "paired bootstrap by prompt"})


def _speed(trainer: PPOTrainer, seconds: float) -> Speed:
    return Speed(
        seconds=round(seconds, 1),
        rollout_seconds=round(trainer.seconds["rollout"], 1),
        update_seconds=round(trainer.seconds["update"], 1),
        rollout_tokens_per_s=round(trainer.tokens["rollout"] / max(1e-9, trainer.seconds["rollout"]), 1),
        update_tokens_per_s=round(trainer.tokens["update"] / max(1e-9, trainer.seconds["update"]), 1),
        peak_memory_mib=peak_memory_mib(torch.cuda.is_available()),
    )


def _prompt_ids(tokens: ChatTokens, prompt: list[dict[str, str]]) -> list[int]:
    """Of a prompt whose text is escaped already, as GRPOTrainer renders it."""
    rendered = tokens.tokenizer.apply_chat_template(prompt, add_generation_prompt=True, tokenize=True, return_dict=True)
    return [int(token) for token in rendered["input_ids"]]


def _end_ids(declared: int | list[int] | None, end_id: int) -> list[int]:
    """The tokenizer's end token, then those that the model declares."""
    more = [declared] if isinstance(declared, int) else declared or []
    return [end_id, *(token for token in more if token != end_id)]
