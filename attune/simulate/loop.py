"""The rounds: people chat and vote, Attune learns, the candidate is tried on them, and is promoted or not.

What each step does is passed in (`Steps`), so that the order of events is testable without an engine.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal, Protocol

from attune.simulate.chatting import Judged, Rated, Turn, turns
from attune.simulate.people import Crowd, Person
from attune.simulate.questions import Question

Outcome = Literal["promoted", "rolled back", "undecided"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is simulated.

    Attributes:
        rounds: How often Attune learns, at most.
        thumbs: Votes that are asked for before each alignment run, and once more at the end.
        measured: Questions that nobody votes on, for the taste to compare versions on.
        share: Of the people who get a canary.
        minutes: No round is begun that would end later, going by the longest before; None for no limit.
    """

    rounds: int = 3
    thumbs: int = 600
    measured: int = 200
    share: float = 0.5
    seed: int = 11
    minutes: float | None = None
    crowd: Crowd = field(default_factory=Crowd)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the gate did not let pass, and why."""

    criterion: str
    why: str


@dataclass(frozen=True, slots=True)
class Learned:
    """What an alignment run came to.

    Attributes:
        run: Its id; None where it did not begin.
        version: The candidate; None where there is none.
        passed: Whether the gate let it pass.
        error: Why there is no candidate, or no verdict.
        refusals: By the gate.
        reward_model: Its figures on held-out feedback, by name, each an estimate as JSON.
        seconds: By stage.
        minutes: From the start of the command to its end, gate included.
        energy_kj: Of the run without the gate; None where it is not known.
    """

    run: str | None
    version: int | None
    passed: bool
    minutes: float
    error: str | None = None
    refusals: tuple[Refusal, ...] = ()
    reward_model: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    energy_kj: float | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a canary.

    Attributes:
        reason: As it stands in the audit.
        rated: The votes of its people, on both versions.
    """

    version: int
    outcome: Outcome
    reason: str
    rated: Sequence[Rated]
    minutes: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The live version's answers to the questions that nobody votes on.

    Attributes:
        answers: In the order of the questions; None for one that failed.
        kl: Nats per answer from the base; an estimate as JSON, None for the base itself.
    """

    version: int
    answers: Sequence[Judged | None]
    kl: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Round:
    """One round. `trial` is None where nothing passed the gate; `measured` is after it."""

    number: int
    rated: Sequence[Rated]
    learned: Learned
    trial: Trial | None
    measured: Measured


@dataclass(frozen=True, slots=True)
class Story:
    """All that happened.

    Attributes:
        base: Measured before anything was learned.
        closing: Votes on what was live at the end.
        stopped: Why there were fewer rounds than planned; None if there were not.
    """

    base: Measured
    rounds: Sequence[Round]
    closing: Sequence[Rated]
    stopped: str | None


class Steps(Protocol):
    """What happens in a round."""

    async def chat(self, what: str, given: Sequence[Turn]) -> list[Rated]:
        """People take their turns."""

    async def learn(self, number: int) -> Learned:
        """An alignment run with its gate."""

    async def try_out(self, version: int, given: Sequence[Turn]) -> Trial:
        """A canary, until it is decided or everybody has voted."""

    async def measure(self, asked: Sequence[Question], seed: int) -> Measured:
        """The live version answers what nobody votes on."""


@dataclass(frozen=True, slots=True)
class Asked:
    """All questions, none of them twice: those that are measured on, and those that people ask."""

    measured: Sequence[Question]
    by_people: Sequence[Question]


def needed(plan: Plan) -> int:
    """How many different questions a simulation takes."""
    return plan.measured + (plan.rounds + 1) * plan.thumbs + plan.rounds * plan.crowd.people


async def play(plan: Plan, steps: Steps, people: Sequence[Person], drawn: Sequence[Question], began: float) -> Story:
    """Leads through all rounds.

    Args:
        plan: What is simulated.
        steps: Who does it.
        people: Who chat.
        drawn: As many questions as are `needed`.
        began: When the minutes of the plan began, by `time.monotonic`.
    """
    asked = Asked(drawn[: plan.measured], drawn[plan.measured :])
    measured = base = await steps.measure(asked.measured, _seed(plan, "measure", 0))
    rounds: list[Round] = []
    stopped, longest_s, used = None, 0.0, 0

    def next_turns(count: int, what: str, *, each_once: bool = False) -> list[Turn]:
        nonlocal used
        used += count
        seed = _seed(plan, what, len(rounds))
        return turns(people, asked.by_people[used - count : used], plan.crowd, seed, each_once=each_once)

    for number in range(1, plan.rounds + 1):
        round_began = time.monotonic()
        if plan.minutes is not None and round_began - began + longest_s > plan.minutes * 60:
            stopped = f"round {number} would have ended after the {plan.minutes:g} minutes that were given"
            break
        rated = await steps.chat(f"round {number}: people chat", next_turns(plan.thumbs, "chat"))
        learned = await steps.learn(number)
        trial = None
        if learned.version is not None and learned.passed:
            trial = await steps.try_out(learned.version, next_turns(len(people), "trial", each_once=True))
        if trial is not None and trial.outcome == "promoted":
            measured = await steps.measure(asked.measured, _seed(plan, "measure", number))
        rounds.append(Round(number, rated, learned, trial, measured))
        longest_s = max(longest_s, time.monotonic() - round_began)
    closing = await steps.chat("people chat a last time", next_turns(plan.thumbs, "chat"))
    return Story(base, rounds, closing, stopped)


def _seed(plan: Plan, what: str, number: int) -> int:
    """Of one step: what happens in it does not depend on how many random numbers the others took."""
    return Random(f"{plan.seed}:{what}:{number}").getrandbits(30)
