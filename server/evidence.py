"""What is known of a canary: read from the ledger, and frozen for the decision.

The controller decides by it; the gateway and the command line show it.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from ledger import trials
from ledger.refusals import is_refusal
from ledger.trials import Answer, FirstAnswer, FirstThumb, Trial, VoteWindow
from server.canary.hypotheses import Evidence, Observation
from server.canary.rules import CanaryRules

FEWEST_USUAL = 200
"""With fewer, nothing is called unusual, and only errors and refusals are guarded."""

UNDER_WAY = timedelta(minutes=10)
"""No answer takes longer, as the gateway's `request_timeout_s` is set; a guard sees it only then."""

_RARE = 0.05


@dataclass(frozen=True, slots=True)
class Usual:
    """What all but 5 % of the live version's answers kept to before the trial; None where too few were measured.

    Attributes:
        ttft_ms: Longest time to the first token.
        tpot_ms: Longest time per token after the first.
        shortest: Least tokens of an answer; 2.5 % are shorter.
        longest: Most tokens of an answer; 2.5 % are longer.
    """

    ttft_ms: float | None
    tpot_ms: float | None
    shortest: float | None
    longest: float | None


def gather(connection: Connection, trial: Trial, rules: CanaryRules, now: datetime) -> Evidence:
    """Reads all evidence of a trial at one moment."""
    known = trials.known_before(trial, rules.established_age_s)
    soon, whole = (VoteWindow(seconds, now) for seconds in rules.vote_windows_s)
    answered = trials.first_answered(connection, trial)
    before = usual(trials.answers_before(connection, trial, trials.USUAL_ANSWERS))
    of_known, of_all = (
        guards(trials.first_answers(connection, trial, now - UNDER_WAY, since), trial.canary, before)
        for since in (known, None)
    )
    answers = trials.first_answers_rated(connection, trial, whole, known)
    return Evidence(
        thumbs=_observed(trials.first_thumbs(connection, trial, whole, known), trial),
        soon=_observed(trials.first_thumbs(connection, trial, soon, known), trial),
        all_thumbs=_observed(trials.first_thumbs(connection, trial, whole), trial),
        rated_less=_rated(answers, trial, kept={trial.live: 1 - rules.rating_tolerance}),
        rated_more=_rated(answers, trial, kept={trial.canary: 1 / (1 + rules.rating_tolerance)}),
        largest_share=max(trials.largest_shares(connection, trial, known).values(), default=0.0),
        age_s=(now - trial.since).total_seconds(),
        traffic_s=0.0 if answered is None else (now - answered).total_seconds(),
        guards={**of_known, "error": of_all["error"]},
        all_guards={name: seen for name, seen in of_all.items() if name != "error"},
    )


def _observed(thumbs: Sequence[FirstThumb], trial: Trial) -> list[Observation]:
    return [Observation(thumb.version == trial.canary, thumb.value > 0) for thumb in thumbs]


def _rated(answers: Sequence[FirstAnswer], trial: Trial, kept: Mapping[int, float]) -> list[Observation]:
    """Whether each answer was rated; of a version's rated ones only the given share is kept, by lot.

    So "the canary is rated less by a fifth" becomes "as often as the live version, of which a fifth is left out", and
    the test needs no other arithmetic, nor to know how often people rate.
    """
    return [
        Observation(answer.version == trial.canary, answer.rated and lot(answer.id) < kept.get(answer.version, 1.0))
        for answer in answers
    ]


def lot(completion_id: str) -> float:
    """Draws from [0, 1) for an answer; the same at every look."""
    return int.from_bytes(hashlib.sha256(f"rated:{completion_id}".encode()).digest()[:8]) / 2**64


def usual(answers: Sequence[Answer]) -> Usual:
    """What is usual among answers."""
    lengths = [length for answer in answers if (length := _tokens(answer)) is not None]
    return Usual(
        ttft_ms=_quantile([answer.ttft_ms for answer in answers if answer.ttft_ms is not None], 1 - _RARE),
        tpot_ms=_quantile([pace for answer in answers if (pace := _tpot_ms(answer)) is not None], 1 - _RARE),
        shortest=_quantile(lengths, _RARE / 2),
        longest=_quantile(lengths, 1 - _RARE / 2),
    )


def guards(answers: Sequence[Answer], canary: int, before: Usual) -> Mapping[str, list[Observation]]:
    """Each guard's event for each answer for which it can be told. One that the client broke off tells nothing."""
    found: dict[str, list[Observation]] = {"error": []}
    for answer in answers:
        if answer.status == "partial":
            continue
        arm = answer.version == canary
        found["error"].append(Observation(arm, answer.status == "error"))
        refused = is_refusal(answer.text) if answer.text else answer.refused
        if answer.status == "complete" and refused is not None:
            found.setdefault("refusal", []).append(Observation(arm, refused))
        for name, value, limit in (
            ("slow_first_token", answer.ttft_ms, before.ttft_ms),
            ("slow_token", _tpot_ms(answer), before.tpot_ms),
            ("long_answer", _tokens(answer), before.longest),
        ):
            if value is not None and limit is not None:
                found.setdefault(name, []).append(Observation(arm, value > limit))
        if (length := _tokens(answer)) is not None and before.shortest is not None:
            found.setdefault("short_answer", []).append(Observation(arm, length < before.shortest))
    return found


def _tokens(answer: Answer) -> float | None:
    """How many tokens an answer has; None if it did not come to its end."""
    return float(answer.tokens) if answer.tokens is not None and answer.status == "complete" else None


def _tpot_ms(answer: Answer) -> float | None:
    """Milliseconds per token after the first; None where that cannot be told."""
    tokens = _tokens(answer)
    if tokens is None or tokens < 2 or answer.ttft_ms is None or answer.duration_ms is None:
        return None
    return (answer.duration_ms - answer.ttft_ms) / (tokens - 1)


def _quantile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of the values do not exceed; None of too few values."""
    if len(values) < FEWEST_USUAL:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
