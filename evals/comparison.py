"""A candidate and its parent, asked the same; and the figures that the gate judges by."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evals.answering import answer_both, answer_prompts, run_tasks
from evals.chat import Prompt, Reply
from evals.divergence import Drift, kl_per_token
from evals.endpoint import Sampling, Served
from evals.errors import UnusableEvidence
from evals.favoured import Answered, favoured_words, length_ratio, repetition_rise
from evals.gate import Evidence
from evals.integrity import Integrity
from evals.preference import Pair, Preference
from evals.statistics import Estimate, counted, mcnemar, mean_interval, wilson
from evals.tasks.task import ItemResult, Task, TaskResult

# Open prompts are answered as people are answered: what alignment changes shows in samples, not in the likeliest words.
# Both models get the same seeds.
_OPEN = Sampling(max_tokens=160, temperature=None, seed=17)
_NAMED = 8  # favoured words and faults that a note names


@dataclass(frozen=True, slots=True)
class Answers:
    """What both models answered.

    Attributes:
        tasks: What was asked.
        candidate: Results in the order of the tasks.
        parent: The same of the parent.
        pairs: Answers to the open prompts.
    """

    tasks: tuple[Task, ...]
    candidate: tuple[TaskResult, ...]
    parent: tuple[TaskResult, ...]
    pairs: tuple[Pair, ...]


async def collect(
    candidate: Served,
    parent: Served,
    tasks: Sequence[Task],
    prompts: Sequence[Prompt],
    answered: Callable[[], None],
) -> Answers:
    """Asks both models everything, at the same time: tasks greedily, open prompts as the server samples by itself.

    Args:
        candidate: Where it is served.
        parent: Likewise, there or elsewhere.
        tasks: With right answers.
        prompts: Without.
        answered: Called after each answer.
    """
    both = (candidate, parent)
    ours, theirs = await asyncio.gather(*(run_tasks(one.endpoint, one.name, tasks, answered) for one in both))
    replies = await answer_both(both, prompts, _OPEN, answered)
    pairs = (Pair(prompt, a, b) for prompt, a, b in zip(prompts, *replies, strict=True))
    return Answers(tuple(tasks), ours, theirs, tuple(pairs))


async def answer_open(model: Served, prompts: Sequence[Prompt], answered: Callable[[], None]) -> list[Reply | None]:
    """One model's replies to open prompts, drawn as `collect` draws them; None where none came."""
    return await answer_prompts(model, prompts, _OPEN, answered)


def evidence(
    models: tuple[str, str],
    answers: Answers,
    preference: Preference | None,
    integrity: Integrity | None,
    drifts: Sequence[Drift] | None,
    *,
    resamples: int = 2000,
    seed: int = 17,
) -> Evidence:
    """Turns answers into figures. What was not measured is left out, and the gate refuses it.

    Args:
        models: Names of candidate and parent.
        answers: Of both.
        preference: On the open prompts; None if nobody judged.
        integrity: Of the candidate's files; None if nobody looked.
        drifts: From the parent, on the candidate's answers to open prompts; None if they could not be measured.
        resamples: Of each bootstrap.
        seed: Of the bootstraps.

    Raises:
        UnusableEvidence: The two did not answer the same items.
    """
    figures: dict[str, Estimate] = {}
    notes: dict[str, tuple[str, ...]] = {}
    for family, (ours, theirs) in _by_family(answers).items():
        differences = np.array([a.score - b.score for a, b in zip(ours, theirs, strict=True)])
        figures[family] = mean_interval(differences, resamples, seed)
        notes[family] = _family_note(ours, theirs)
    open_rows = [row for row in map(_of_pair, answers.pairs) if row is not None]
    figures["length"] = length_ratio(open_rows, resamples, seed)
    figures["repetition"] = repetition_rise(open_rows, resamples, seed)
    rows = [*open_rows, *_of_tasks(answers)]
    found = favoured_words(rows)
    figures["favoured_words"] = counted(len(found), len(rows))
    notes["favoured_words"] = tuple(
        f'"{item.word}" in {item.candidate_share:.0%} of the answers to {item.where}, before in {item.parent_share:.0%}'
        for item in found[:_NAMED]
    )
    figures["unanswered"] = _unanswered(answers)
    if preference is not None:
        figures["win_rate"] = preference.win_rate(resamples, seed)
        figures["unparseable"] = preference.unparseable()
        counts = f"{preference.count(1.0)} won, {preference.count(0.5)} tied, {preference.count(0.0)} lost"
        notes["win_rate"] = (f"judged by {preference.judge}: {counts}",)
    if drifts is not None:
        figures["kl"] = kl_per_token(drifts, resamples, seed)
    if integrity is not None:
        figures["integrity"] = counted(len(integrity.faults), integrity.checks)
        notes["integrity"] = integrity.faults[:_NAMED]
    return Evidence(candidate=models[0], parent=models[1], figures=figures, notes=notes)


def _by_family(answers: Answers) -> Mapping[str, tuple[list[ItemResult], list[ItemResult]]]:
    families: dict[str, tuple[list[ItemResult], list[ItemResult]]] = {}
    for ours, theirs in zip(answers.candidate, answers.parent, strict=True):
        if ours.task != theirs.task or [item.id for item in ours.items] != [item.id for item in theirs.items]:
            raise UnusableEvidence(f"{ours.model} and {theirs.model} were not asked the same of {ours.task}.")
        pooled = families.setdefault(ours.family, ([], []))
        pooled[0].extend(ours.items)
        pooled[1].extend(theirs.items)
    return families


def _family_note(ours: Sequence[ItemResult], theirs: Sequence[ItemResult]) -> tuple[str, ...]:
    """Both means; where scores are right or wrong, how many changed sides and McNemar's exact p."""
    if not ours:
        return ()
    means = f"{_mean(ours):.3f} after {_mean(theirs):.3f}"
    if any(item.score not in (0.0, 1.0) for item in (*ours, *theirs)):
        return (means,)
    gained = sum(a.score > b.score for a, b in zip(ours, theirs, strict=True))
    lost = sum(a.score < b.score for a, b in zip(ours, theirs, strict=True))
    return (f"{means}; {gained} gained, {lost} lost, McNemar p = {mcnemar(gained, lost):.2g}",)


def _mean(items: Sequence[ItemResult]) -> float:
    return sum(item.score for item in items) / len(items)


def _unanswered(answers: Answers) -> Estimate:
    """Share of items and open prompts, of both models, without an answer."""
    results = (*answers.candidate, *answers.parent)
    missing = sum(result.unanswered for result in results)
    missing += sum((pair.candidate is None) + (pair.parent is None) for pair in answers.pairs)
    return wilson(missing, sum(result.n for result in results) + 2 * len(answers.pairs))


def _of_pair(pair: Pair) -> Answered | None:
    if pair.candidate is None or pair.parent is None:
        return None
    return Answered(" ".join(pair.prompt.told), pair.candidate.whole, pair.parent.whole)


def _of_tasks(answers: Answers) -> list[Answered]:
    """Every item that both answered; the answers to a pair of prompts count as one."""
    rows = []
    for task, ours, theirs in zip(answers.tasks, answers.candidate, answers.parent, strict=True):
        for item, a, b in zip(task.items, ours.items, theirs.items, strict=True):
            if a.answered and b.answered:
                prompt = " ".join(message.content for chat in item.prompts for message in chat)
                ours_said, theirs_said = (" ".join(map(str, said.answers)) for said in (a, b))
                rows.append(Answered(prompt, ours_said, theirs_said, family=task.family, better=a.score > b.score))
    return rows
