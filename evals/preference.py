"""Which of two answers to an open prompt is better: by a scorer, such as a reward model, or by a judge over the API."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from evals.chat import Chat, Message, Prompt, Reply, transcript
from evals.endpoint import Endpoint, Sampling, ask
from evals.statistics import Estimate, clopper_pearson, mean_interval, wilson

Score = Callable[[Sequence[tuple[Chat, str]]], Sequence[float]]
"""Scores of answers to prompts; only differences between answers to one prompt mean something."""

_INSTRUCTION = (
    "You compare two answers to the same request. Judge how helpful, correct and clear each is. The order in which "
    "they stand and their length say nothing about their quality. Explain in one or two sentences, and end with your "
    "verdict: [[A]] if answer A is better, [[B]] if answer B is better, [[C]] if they are equally good."
)
_VERDICT = re.compile(r"\[\[([ABC])\]\]")
_POINTS = {"A": 1.0, "B": 0.0, "C": 0.5}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two replies to one prompt; None where a model gave none."""

    prompt: Prompt
    candidate: Reply | None
    parent: Reply | None


class Outcome(BaseModel):
    """What became of one prompt.

    Attributes:
        value: 1 if the candidate's answer is preferred, 0 if the parent's is, 0.5 for a tie. Without a judgement it is
            0: what could not be judged never helps the candidate.
        status: Whether it was judged; `unanswered` when an answer is missing, `unparseable` when the judge's words
            hold no verdict.
        margin: Candidate's score less the parent's, where there are scores.
    """

    model_config = ConfigDict(frozen=True)

    value: float
    status: Literal["judged", "unanswered", "unparseable"]
    margin: float | None = None


class Preference(BaseModel):
    """The comparison on all prompts.

    Attributes:
        judge: Who judged, for people.
        outcomes: In the order of the prompts.
    """

    model_config = ConfigDict(frozen=True)

    judge: str
    outcomes: tuple[Outcome, ...]

    def win_rate(self, resamples: int, seed: int) -> Estimate:
        """Share of prompts on which the candidate is preferred, ties as half, with a bootstrap over prompts.

        Where a few prompts decide and the rest are ties, a bootstrap's interval is too narrow: with four that decide,
        an equal model would be called better in 6 % of cases, not 2.5. So the interval is never narrower than the exact
        one of the decided prompts, which is that of the sign test.
        """
        values = np.array([outcome.value for outcome in self.outcomes])
        found = mean_interval(values, resamples, seed)
        won, lost = int((values == 1).sum()), int((values == 0).sum())
        if found.low is None or found.high is None or won + lost == 0:
            return found
        tied = len(values) - won - lost
        low, high = ((tied / 2 + (won + lost) * share) / len(values) for share in clopper_pearson(won, won + lost))
        method = f"{found.method}, not within the exact interval of the prompts that decide"
        return found.model_copy(update={"low": min(found.low, low), "high": max(found.high, high), "method": method})

    def unparseable(self) -> Estimate:
        """Share of the pairs given to the judge that it said nothing usable about."""
        given = [outcome for outcome in self.outcomes if outcome.status != "unanswered"]
        return wilson(sum(outcome.status == "unparseable" for outcome in given), len(given))

    def count(self, value: float) -> int:
        """Judged prompts with this value."""
        return sum(outcome.status == "judged" and outcome.value == value for outcome in self.outcomes)


def by_scorer(pairs: Sequence[Pair], score: Score, judge: str) -> Preference:
    """Prefers the answer with the higher score; equal scores, and so equal answers, are a tie. NaN is no judgement.

    Of several turns the last answer is scored, with the model's own earlier ones before it.

    Args:
        pairs: What is compared.
        score: The scorer; it is called once, with all answers.
        judge: Its name.
    """
    replies = (reply for pair in pairs for reply in (pair.candidate, pair.parent) if reply is not None)
    rows = [(reply.chat, reply.text) for reply in replies]
    scores = iter(score(rows))
    outcomes = []
    for pair in pairs:
        ours = next(scores) if pair.candidate is not None else None
        theirs = next(scores) if pair.parent is not None else None
        outcomes.append(_by_margin(None if ours is None or theirs is None else ours - theirs))
    return Preference(judge=judge, outcomes=tuple(outcomes))


async def by_judge(
    endpoint: Endpoint, model: str, pairs: Sequence[Pair], answered: Callable[[], None], *, max_tokens: int = 256
) -> Preference:
    """Asks a model for its verdict on each pair twice, the answers swapped the second time.

    Judges prefer the first answer (Zheng et al. 2023, arXiv:2306.05685, section 3.3), so only a preference that
    survives the swap counts; verdicts that differ are a tie, and two ties are one.

    Args:
        endpoint: Where the judge is served.
        model: Its name there.
        pairs: What is compared.
        answered: Called after each verdict; there are two for each pair with both answers.
        max_tokens: Of a verdict with its explanation.
    """
    complete = [(a, b) for a, b in ((pair.candidate, pair.parent) for pair in pairs) if a is not None and b is not None]
    chats = [judges_question(*both) for ours, theirs in complete for both in ((ours, theirs), (theirs, ours))]
    verdicts = iter(await ask(endpoint, model, chats, Sampling(max_tokens), answered))
    outcomes = []
    for pair in pairs:
        if pair.candidate is None or pair.parent is None:
            outcomes.append(Outcome(value=0.0, status="unanswered"))
            continue
        straight, swapped = parse_verdict(next(verdicts).text), parse_verdict(next(verdicts).text)
        outcomes.append(_by_verdicts(straight, None if swapped is None else 1 - swapped))
    return Preference(judge=model, outcomes=tuple(outcomes))


def judges_question(first: Reply, second: Reply) -> Chat:
    """What a judge is asked of two replies to one prompt.

    Of several turns it sees both conversations in full, as in MT-Bench: what was asked last means little without what
    the model itself had answered before.
    """
    prompt = first.prompt
    if prompt.further:
        blocks = [("conversation A", _whole(first)), ("conversation B", _whole(second))]
        question = "In which conversation are the assistant's answers better?"
    else:
        blocks = [("request", transcript(prompt.chat)), ("answer A", first.text), ("answer B", second.text)]
        question = "Which answer is better?"
    text = "\n\n".join([*(f"<{name}>\n{content}\n</{name}>" for name, content in blocks), question])
    return (Message(role="system", content=_INSTRUCTION), Message(role="user", content=text))


def parse_verdict(text: str | None) -> float | None:
    """1 for A, 0 for B, 0.5 for C; None without exactly one kind of verdict in the text."""
    found = set(_VERDICT.findall(text or ""))
    return _POINTS[found.pop()] if len(found) == 1 else None


def _whole(reply: Reply) -> str:
    return transcript((*reply.chat, Message(role="assistant", content=reply.text)))


def _by_margin(margin: float | None) -> Outcome:
    if margin is None:
        return Outcome(value=0.0, status="unanswered")
    if not np.isfinite(margin):
        return Outcome(value=0.0, status="unparseable")
    return Outcome(value=0.5 if margin == 0 else float(margin > 0), status="judged", margin=margin)


def _by_verdicts(straight: float | None, swapped: float | None) -> Outcome:
    if straight is None or swapped is None:
        return Outcome(value=0.0, status="unparseable")
    return Outcome(value=straight if straight == swapped else 0.5, status="judged")
