"""A version is compared with another as both are served, and the gate's verdict is written down."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from attune import output
from attune.errors import AttuneError
from attune.opponents import Opponents
from evals import comparison, gate, report
from evals.answering import requests_of
from evals.chat import Chat, Prompt
from evals.comparison import Answers
from evals.divergence import Drift
from evals.endpoint import Endpoint, Served, require_models
from evals.integrity import Integrity, examine
from evals.preference import Pair, Preference, Score, by_judge, by_scorer
from evals.ranking import Duel
from evals.report import Comparison
from evals.rubric import Ratings, rate
from evals.statistics import Estimate
from evals.tasks import shipped
from evals.thresholds import Thresholds
from ledger import runs, versions
from ledger.database import Database
from ledger.records import ModelVersion
from ledger.unusable_paths import reason_of


@dataclass(frozen=True, slots=True)
class Plan:
    """What is compared, and how.

    Attributes:
        opponents: The candidate and its parent.
        endpoint: Where both are served; None to start engines for it.
        judge: Name of a model at the endpoint that judges the answers; None for none.
        rubric: Whether the judge also rates every answer from 1 to 5.
        reward_model: Folder of a reward model that judges them instead; None for none.
        prompts: Open prompts, for the win-rate.
        looks: As `evals.report.Comparison` has them.
        thresholds: Of the gate.
        folder: Where the report goes.
    """

    opponents: Opponents
    endpoint: Endpoint | None
    judge: str | None
    reward_model: Path | None
    prompts: tuple[Prompt, ...]
    thresholds: Thresholds
    folder: Path
    looks: Sequence[tuple[float, float]] = ()
    rubric: bool = False


def compare(plan: Plan, home: Path) -> Comparison:
    """Asks both versions, judges, and writes the report into the plan's folder."""
    began = time.monotonic()
    found = asyncio.run(_served(plan, home, began))
    report.write(plan.folder, found)
    return found


def record(database: Database, plan: Plan, found: Comparison, *, actor: str) -> ModelVersion:
    """Stores the verdict with the candidate, for good.

    Raises:
        Conflict: It has one already.
        Impossible: It is no candidate.
    """
    stored: dict[str, Any] = {
        "verdict": found.verdict.model_dump(mode="json"),
        "inputs": dict(found.inputs),
        "thresholds": plan.thresholds.model_dump(mode="json"),
        "report": str(plan.folder),
    }
    if (preference := found.preference) is not None:
        counts = {"won": 1.0, "tied": 0.5, "lost": 0.0}
        stored["preference"] = {name: preference.count(value) for name, value in counts.items()}
    with database.write() as connection:
        return versions.store_verdict(
            connection, plan.opponents.candidate.number, report=stored, passed=found.verdict.passed, actor=actor
        )


def show(verdict: gate.Verdict) -> None:
    """Prints the verdict's table."""
    rows = [
        (line.name, line.figure or "missing", line.threshold, "passed" if line.passed else "REFUSED", line.why)
        for line in verdict.criteria
    ]
    output.as_table(("criterion", "figure", "asked", "", "why"), rows)
    word = "passes" if verdict.passed else f"is refused for {', '.join(verdict.refused_for)}"
    output.say(f"{verdict.candidate} {word}")


def report_of(version: ModelVersion) -> str:
    """The report of a stored verdict, as Markdown.

    Raises:
        AttuneError: There is no verdict, or the report is not on this machine any more.
    """
    if version.gate_report is None:
        raise AttuneError(f"{version.name} has no verdict: `attune eval compare` makes one, and `--record` stores it.")
    path = Path(version.gate_report["report"]) / "report.md"
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise AttuneError(
            f"The report of {version.name} cannot be read: {reason_of(error)}. The verdict itself is in the ledger; "
            "without --report it is shown."
        ) from error


def looks_of(database: Database, version: ModelVersion) -> tuple[tuple[float, float], ...]:
    """KL and reward at each look of a version's training at held-out prompts; nothing where its algorithm has none."""
    if version.run_id is None:
        return ()
    with database.read() as connection:
        stages = runs.get(connection, version.run_id).metrics.values()
    reports = (stage.get("report", {}) for stage in stages)
    return tuple((look["kl"], look["score"]) for report in reports for look in report.get("looks", ()))


def duels(found: Sequence[ModelVersion]) -> list[Duel]:
    """The comparisons that are stored with versions, as far as somebody judged their answers."""
    return [
        Duel(row.name, f"attune@v{row.parent_number}", **row.gate_report["preference"])
        for row in found
        if row.gate_report is not None and row.gate_report.get("preference") is not None
    ]


@contextmanager
def progress_bar(total: int) -> Iterator[Callable[[], None]]:
    """Shows how many answers have come, or one line without a terminal; gives the function to call for each."""
    if not output.err.is_terminal:
        output.complain(f"asking for {total} answers")
    columns = (TextColumn("answers"), BarColumn(bar_width=30), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=output.err, transient=True, disable=not output.err.is_terminal) as bar:
        task = bar.add_task("answers", total=total)
        yield lambda: bar.advance(task)


async def _served(plan: Plan, home: Path, began: float) -> Comparison:
    versions_compared = plan.opponents.both
    integrity = examine(*(Path(version.path) for version in versions_compared))
    if plan.endpoint is not None:
        both = {version.name: plan.endpoint for version in versions_compared}
        return _conclude(plan, await _ask(plan, both), integrity, f"at {plan.endpoint.url}", began)
    if integrity.faults:  # an engine would fail over these files, and the verdict is clear without it
        return _conclude(plan, _Asked(Answers((), (), (), ()), None), integrity, "not at all", began)
    from attune.trial_engine import trial_engines

    async with trial_engines(home, plan.opponents.base, versions_compared, output.complain) as urls:
        asked = await _ask(plan, {name: Endpoint(url) for name, url in urls.items()})
    served = "by engines of their own" if len(set(urls.values())) > 1 else "by an engine of their own"
    return _conclude(plan, asked, integrity, served, began)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The answers to tasks and open prompts, and what the judge said of these."""

    answers: Answers
    preference: Preference | None
    ratings: tuple[Ratings, Ratings] | None = None


async def _ask(plan: Plan, endpoints: Mapping[str, Endpoint]) -> _Asked:
    ours, theirs = (Served(version.name, endpoints[version.name]) for version in plan.opponents.both)
    judge = None if plan.judge is None else Served(plan.judge, endpoints.get(plan.judge, theirs.endpoint))
    for model in (ours, theirs, *([judge] if judge else [])):
        await require_models(model.endpoint, [model.name])
    tasks = tuple(shipped.load(name) for name in shipped.names())
    wanted = requests_of(tasks, plan.prompts)
    judgements = (2 if judge else 0) + (2 if judge and plan.rubric else 0)
    with progress_bar(2 * wanted + judgements * len(plan.prompts)) as answered:
        answers = await comparison.collect(ours, theirs, tasks, plan.prompts, answered)
        preference = await _prefer(plan, judge, answers.pairs, answered)
        return _Asked(answers, preference, await _rate(plan, judge, answers.pairs, answered))


def _conclude(plan: Plan, asked: _Asked, integrity: Integrity, served: str, began: float) -> Comparison:
    names = (plan.opponents.candidate.name, plan.opponents.parent.name)
    drifts, trouble = _drifts(plan, asked.answers.pairs)
    evidence = comparison.evidence(names, asked.answers, asked.preference, integrity, drifts)
    if trouble:
        evidence = evidence.model_copy(update={"notes": {**evidence.notes, "kl": (trouble,)}})
    verdict = gate.judge(evidence, plan.thresholds)
    about = {"served": served, "seconds": f"{time.monotonic() - began:.0f}"}
    return Comparison(verdict, asked.answers, asked.preference, _inputs(plan, asked) | about, plan.looks, asked.ratings)


async def _prefer(
    plan: Plan, judge: Served | None, pairs: Sequence[Pair], answered: Callable[[], None]
) -> Preference | None:
    if judge is not None:
        return await by_judge(judge.endpoint, judge.name, pairs, answered)
    if plan.reward_model is not None:
        score = _reward_model(plan.reward_model, Path(plan.opponents.base.path))
        return by_scorer(pairs, score, _described(plan.reward_model))
    return None


async def _rate(
    plan: Plan, judge: Served | None, pairs: Sequence[Pair], answered: Callable[[], None]
) -> tuple[Ratings, Ratings] | None:
    if judge is None or not plan.rubric:
        return None
    ours = await rate(judge.endpoint, judge.name, [pair.candidate for pair in pairs], answered)
    theirs = await rate(judge.endpoint, judge.name, [pair.parent for pair in pairs], answered)
    return ours, theirs


def _drifts(plan: Plan, pairs: Sequence[Pair]) -> tuple[Sequence[Drift] | None, str | None]:
    """The divergence from the parent on the candidate's answers; or None, and why it could not be measured.

    A file of thresholds that does not ask for it saves its time.
    """
    answered = [pair.candidate for pair in pairs if pair.candidate is not None]
    if "kl" not in plan.thresholds.root or not answered:
        return None, None
    two = plan.opponents
    if not two.one_base:
        return None, "they grew from different models, and two tokenizers have no divergence per token"
    from alignment.divergence import drifts
    from alignment.errors import UnusableModel

    candidate, parent = (_adapter(version, two.base) for version in two.both)
    rows = [(_messages(reply.chat), reply.text) for reply in answered]
    try:
        return drifts(Path(two.base.path), candidate, parent, rows), None
    except UnusableModel as error:
        return None, str(error)


def _adapter(version: ModelVersion, base: ModelVersion) -> Path | None:
    """The folder of an adapter; None for the base itself."""
    return None if version.number == base.number else Path(version.path)


def _messages(prompt: Chat) -> list[Any]:
    from alignment.preferences import Message

    return [Message(role=said.role, content=said.content) for said in prompt]


def _reward_model(folder: Path, base_model: Path) -> Score:
    from alignment.reward_model.score import RewardModel

    model = RewardModel.load(folder, base_model)

    def score(rows: Sequence[tuple[Chat, str]]) -> list[float]:
        return model.score([(_messages(chat), text) for chat, text in rows])

    return score


def _described(reward_model: Path) -> str:
    """Which reward model, and how well it agrees with held-out feedback, if the report of its stage lies beside it."""
    report = reward_model.parent / "report.json"
    if not report.is_file():
        return f"reward model {reward_model}"
    heldout = json.loads(report.read_bytes())["heldout"]
    known = [
        f"{name} {Estimate.model_validate(found)}" for name, found in heldout.items() if found["value"] is not None
    ]
    return f"reward model {reward_model} (on held-out feedback: {', '.join(known) or 'not measured'})"


def _inputs(plan: Plan, asked: _Asked) -> dict[str, str]:
    ours, theirs = plan.opponents.both
    return {
        "candidate": f"{ours.name}, SHA-256 {ours.sha256}",
        "parent": f"{theirs.name}, SHA-256 {theirs.sha256}",
        "tasks": ", ".join(f"{task.name} ({len(task.items)} items)" for task in asked.answers.tasks),
        "open prompts": f"{len(plan.prompts)}, SHA-256 {_prompts_sha256(plan.prompts)}",
        "judge": "nobody" if asked.preference is None else asked.preference.judge,
        "sampling": "tasks greedily, open prompts as the server does by itself, with the same seeds for both",
        "thresholds": f"SHA-256 {sha256(plan.thresholds.model_dump_json().encode()).hexdigest()}",
    }


def _prompts_sha256(prompts: Sequence[Prompt]) -> str:
    whole = sha256()
    for prompt in prompts:
        asked = [*(message.model_dump_json() for message in prompt.chat), *map(json.dumps, prompt.further)]
        whole.update("".join(asked).encode() + b"\n")
    return whole.hexdigest()
