"""Whether the loop learns: thumbs of people with a hidden taste, the real alignment job, and what the taste says then.

The starter answers prompts; simulated people press thumbs by a taste that no other code knows
(`attune.simulate.taste`), a tenth of them flipped. The thumbs go into a ledger of their own, `attune align run` makes a
candidate, and the taste compares its answers with the parent's on prompts that nobody voted on. Beside PPO, on the same
thumbs: KTO, SFT on liked answers, and the best of four answers of the parent by the reward model. The best of four by
the taste itself shows what choosing among the parent's own answers could reach at most.

Each number of thumbs and algorithm is a cell. Finished cells are kept in the work folder, and a killed benchmark goes
on where it was, in the middle of a run too. `python -m benchmarks.loop_learns --thumbs 1000 --algorithms ppo`.
"""

import argparse
import json
import math
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from alignment.checkpoints import step_of
from alignment.durable import write_durably
from alignment.reward_model.score import RewardModel
from attune.simulate.people import Crowd, gather
from attune.simulate.questions import Question, questions
from attune.simulate.taste import Taste, manner_of
from benchmarks import results
from benchmarks.loop_policy import Answer, Policy
from benchmarks.loop_report import BEST_BY_TASTE, BEST_OF, CANDIDATE, plot, report
from benchmarks.loop_run import Rated, align, cost, give_thumbs, settings_of, votes
from evals.statistics import bootstrap, wilson
from ledger import versions
from ledger.database import Database
from ledger.model_files import fingerprint
from models.recipe.answers import Reply
from tests.stack import STARTER

ALGORITHMS = ("ppo", "kto", "sft")
SEED, FLIPPED = 11, 0.1
PEOPLE = gather(Crowd(people=60, contrary=0, random=0), SEED)
CHUNK = 500
"""Answers that are sampled at a time, so that 500 thumbs are the first of 1,000."""
N = 4
"""Of best-of-n."""


@dataclass(frozen=True)
class Plan:
    """What decides the figures: one work folder is for one plan.

    Attributes:
        model: SHA-256 of the parent.
        prompts: That the candidate and the parent are compared on.
        curve_prompts: So many of them for each point of the curve.
        settings: Of the alignment run, over its defaults.
    """

    model: str
    prompts: int
    curve_prompts: int
    settings: Mapping[str, Any]


class Ground:
    """What all cells share: the questions, the parent and its answers, the taste, and where cells are kept."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        """Takes the work folder.

        Raises:
            SystemExit: It holds cells of another plan.
        """
        self.folder, self.plan = folder, plan
        folder.mkdir(parents=True, exist_ok=True)
        kept, mine = folder / "plan.json", json.dumps(asdict(plan), sort_keys=True)
        if kept.exists() and kept.read_text() != mine:
            raise SystemExit(f"{folder} holds cells of another plan, {kept.read_text()}: give another --work-dir.")
        kept.write_text(mine)
        self.taste = Taste.of_the_starter()
        self.parent = Policy(STARTER)

    def ask(self, thumbs: int) -> None:
        """Draws the questions and has the parent answer those that are measured on, twice."""
        drawn = questions(self.plan.prompts + CHUNK * math.ceil(thumbs / CHUNK), SEED)
        self.measured, self.rated = drawn[: self.plan.prompts], drawn[self.plan.prompts :]
        self.before, self.again = (self.parent.answer(self.measured, SEED + turn) for turn in (1, 2))

    def scores(self, asked: Sequence[Question], replies: Sequence[Reply]) -> list[float]:
        """What the taste says."""
        return [
            self.taste.score(reply, question.chat, question.exchange)
            for question, reply in zip(asked, replies, strict=True)
        ]

    def liking(self, answers: Sequence[Answer]) -> list[float]:
        """The same of answers to the questions that are measured on."""
        return self.scores(self.measured, [answer.reply for answer in answers])

    def rated_replies(self, thumbs: int) -> list[Reply]:
        """The parent's answers that people vote on; sampled once and kept."""
        found: list[Reply] = []
        for chunk in range(math.ceil(thumbs / CHUNK)):
            kept = self.folder / f"answers-{chunk}.json"
            asked = self.rated[chunk * CHUNK : (chunk + 1) * CHUNK]
            if not kept.exists():
                sampled = [asdict(answer.reply) for answer in self.parent.answer(asked, SEED + 100 + chunk)]
                write_durably(kept, json.dumps(sampled).encode())
            found += [Reply(**reply) for reply in json.loads(kept.read_text())]
        return found[:thumbs]

    def cells(self) -> list[dict[str, Any]]:
        """The finished ones."""
        kept = self.folder / "cells.jsonl"
        return [json.loads(line) for line in kept.read_text().split("\n") if line] if kept.exists() else []

    def add(self, cell: Mapping[str, Any]) -> None:
        """Keeps a finished one."""
        lines = "".join(json.dumps(one) + "\n" for one in [*self.cells(), cell])
        write_durably(self.folder / "cells.jsonl", lines.encode())


def measure(ground: Ground, thumbs: int, algorithm: str) -> dict[str, Any]:
    """One cell: thumbs, the run, and what the taste says of the candidate."""
    home = ground.folder / f"{thumbs}-{algorithm}"
    home.mkdir(exist_ok=True)
    replies, asked = ground.rated_replies(thumbs), ground.rated[:thumbs]
    given = votes(ground.scores(asked, replies), PEOPLE, FLIPPED, SEED)
    rated = [Rated(*one) for one in zip(asked, replies, given, strict=True)]
    database = Database.open(f"sqlite:///{home / 'ledger.db'}")
    give_thumbs(database, home, rated)
    run = align(database, home, settings_of(algorithm, ground.plan.settings))
    with database.read() as connection:
        made = versions.made_by(connection, run.id)
    database.close()
    assert made is not None, "a run that is done has made a version"
    candidate = Policy(STARTER, Path(made.path))
    answers = candidate.answer(ground.measured, SEED + 3)
    cell = {
        "thumbs": thumbs,
        "algorithm": algorithm,
        "up": sum(vote.liked for vote in given),
        "counts": run.metrics["snapshot"]["report"]["counts"],
        CANDIDATE: compared(ground, answers) | {"kl": candidate.kl(ground.measured, answers)},
        **cost(run, interrupted=(home / "interrupted").exists()),
    }
    if algorithm == "ppo":
        folder = home / "runs" / run.id
        judge = RewardModel.load(folder / "reward-model" / "model")
        cell["reward_model"] = run.metrics["reward-model"]["report"]["heldout"]
        cell[BEST_OF] = best_of(ground, lambda answers: judged(judge, ground.measured, answers))
        cell[BEST_BY_TASTE] = best_of(ground, ground.liking)
        cell["curve"] = list(curve(ground, judge, folder / "ppo" / "checkpoints"))
    return cell


def compared(ground: Ground, answers: Sequence[Answer]) -> dict[str, Any]:
    """The answers against the parent's to the same questions: won, tied, lost, and by how much, by the taste."""
    mine, parents = (np.array(ground.liking(given)) for given in (answers, ground.before))
    gain = mine - parents
    won, tied = int((gain > 0).sum()), int((gain == 0).sum())
    manners = [
        manner_of(answer.reply.text, question.exchange)
        for answer, question in zip(answers, ground.measured, strict=True)
    ]
    return {
        "win_rate": wilson(won + tied / 2, len(gain)).model_dump(),
        "won": won,
        "tied": tied,
        "lost": len(gain) - won - tied,
        "gain": bootstrap(lambda rows: float(gain[rows].mean()), range(len(gain)), 2000, SEED).model_dump(),
        "score": float(mine.mean()),
        "score_of_parent": float(parents.mean()),
        "manners": {manner: manners.count(manner) / len(manners) for manner in sorted(set(manners))},
        "characters": sum(len(answer.reply.text) for answer in answers) / len(answers),
    }


def best_of(ground: Ground, score: Callable[[Sequence[Answer]], Sequence[float]]) -> dict[str, Any]:
    """Of N sampled answers of the parent, those with the highest score.

    Their KL divergence is at most ln N - (N - 1) / N nats (Beirami et al. 2024, arXiv:2401.01879).
    """
    sampled = [ground.parent.answer(ground.measured, SEED + 10 + turn) for turn in range(N)]
    rewards = np.array([score(answers) for answers in sampled])
    chosen = [sampled[int(turn)][row] for row, turn in enumerate(rewards.argmax(0))]
    return compared(ground, chosen) | {"kl": math.log(N) - (N - 1) / N}


def curve(ground: Ground, judge: RewardModel, checkpoints: Path) -> Iterator[dict[str, Any]]:
    """The taste's score and the reward model's at each checkpoint of a run, both less the parent's, beside the KL."""
    asked = ground.measured[: ground.plan.curve_prompts]
    parents = ground.before[: len(asked)]
    score = np.array(ground.scores(asked, [answer.reply for answer in parents]))
    reward = np.array(judged(judge, asked, parents))
    kept = sorted(checkpoints.glob("checkpoint-*"), key=step_of)
    assert kept, "a run with keep_checkpoints keeps them"
    for checkpoint in kept:
        policy = Policy(STARTER, checkpoint)
        answers = policy.answer(asked, SEED + 4)
        gold = np.array(ground.scores(asked, [answer.reply for answer in answers])) - score
        proxy = np.array(judged(judge, asked, answers)) - reward
        yield {
            "step": step_of(checkpoint),
            "kl": policy.kl(asked, answers),
            "gold": _mean(gold),
            "reward_model": _mean(proxy),
        }


def judged(judge: RewardModel, asked: Sequence[Question], answers: Sequence[Answer]) -> list[float]:
    """The reward model's scores."""
    rows = zip(asked, answers, strict=True)
    return judge.score([(question.prompt, answer.reply.text) for question, answer in rows])


def main() -> None:
    """Measures the cells that are missing, and writes all that there are."""
    options = _options()
    settings = tomllib.loads(options.config.read_text()) if options.config else {}
    folder = options.work_dir.resolve()
    model = fingerprint(STARTER, folder / "sha256")
    ground = Ground(folder, Plan(model, options.prompts, options.curve_prompts, settings))
    wanted = [(thumbs, algorithm) for thumbs in options.thumbs for algorithm in options.algorithms]
    done = {(cell["thumbs"], cell["algorithm"]) for cell in ground.cells()}
    ground.ask(max(options.thumbs))
    with tqdm(total=len(wanted), unit="cell") as progress:
        for thumbs, algorithm in wanted:
            progress.set_description(f"{thumbs} thumbs, {algorithm}")
            if (thumbs, algorithm) not in done:
                ground.add(measure(ground, thumbs, algorithm))
            progress.update()
    figures = {
        "plan": asdict(ground.plan),
        "parent_against_itself": compared(ground, ground.again),
        "cells": sorted(ground.cells(), key=lambda cell: (cell["thumbs"], ALGORITHMS.index(cell["algorithm"]))),
    }
    lines = report(figures)
    path = results.write("loop_learns", figures, lines)
    plot(figures["cells"], path.with_suffix(".png"))
    print("\n".join([*lines, "", f"written to {path}"]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--thumbs", type=int, nargs="+", default=[500, 1000, 2000])
    parser.add_argument("--algorithms", nargs="+", choices=ALGORITHMS, default=list(ALGORITHMS))
    parser.add_argument("--prompts", type=int, default=400, help="that candidate and parent are compared on")
    parser.add_argument("--curve-prompts", type=int, default=200, help="of them, for each point of the curve")
    parser.add_argument("--config", type=Path, help="TOML with settings of the run, over the defaults")
    parser.add_argument("--work-dir", type=Path, default=Path("build/loop-learns"), help="where cells are kept")
    return parser.parse_args()


def _mean(values: Any) -> dict[str, Any]:
    return bootstrap(lambda rows: float(values[rows].mean()), range(len(values)), 1000, SEED).model_dump()


if __name__ == "__main__":
    main()
