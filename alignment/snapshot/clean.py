"""What is left out of a snapshot: floods, repetitions, contradictions, and answers that say nothing. All is counted."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable

from alignment.preferences import Comparison, Thumb
from alignment.snapshot.candidates import Candidate, Collected
from alignment.snapshot.config import SnapshotConfig
from alignment.snapshot.duplicates import near_duplicates, normal_form
from alignment.snapshot.split import prompt_key

_HOUR_S = 3600

Step = Callable[[list[Candidate], SnapshotConfig, Counter[str]], list[Candidate]]


def clean(collected: Collected, config: SnapshotConfig) -> list[Comparison | Thumb]:
    """Returns the rows that stay, in their order, and adds what goes to `collected.dropped`."""
    kept = collected.candidates
    steps: tuple[Step, ...] = (
        without_content,
        over_the_limits,
        exact_duplicates,
        contradictions,
        near_duplicates_of_a_rater,
    )
    for step in steps:
        kept = step(kept, config, collected.dropped)
    return [candidate.row for candidate in kept]


def without_content(candidates: list[Candidate], config: SnapshotConfig, dropped: Counter[str]) -> list[Candidate]:
    """Drops empty answers, comparisons of an answer with itself, and what is too long to be meant."""
    kept = []
    for candidate in candidates:
        row = candidate.row
        answers = [normal_form(text) for text in _answers(row)]
        length = sum(map(len, [*_answers(row), *(message.content for message in row.prompt)]))
        if not all(answers):
            dropped["empty_answer"] += 1
        elif len(answers) == 2 and answers[0] == answers[1]:
            dropped["same_answer_twice"] += 1
        elif length > config.max_characters:
            dropped["too_long"] += 1
        else:
            kept.append(candidate)
    return kept


def over_the_limits(candidates: list[Candidate], config: SnapshotConfig, dropped: Counter[str]) -> list[Candidate]:
    """Drops what a rater votes faster than people read, and more than one person's share.

    The limits are on votes, and a row goes with any of its votes. Within any hour the earliest `max_per_rater_hour`
    votes count, then of all the newest `max_per_rater`. Rows without a rater are not limited.
    """
    votes: dict[str, dict[str, float | None]] = defaultdict(dict)
    for candidate in candidates:
        for vote in candidate.votes:
            votes[candidate.row.rater].setdefault(vote, candidate.at)
    votes.pop("", None)
    too_fast: set[str] = set()
    too_many: set[str] = set()
    for of_rater in votes.values():
        too_fast |= _too_fast([(at, vote) for vote, at in of_rater.items() if at is not None], config)
        slow = [vote for vote in of_rater if vote not in too_fast]
        too_many |= set(slow[: max(0, len(slow) - config.max_per_rater)])
    kept = []
    for candidate in candidates:
        if any(vote in too_fast for vote in candidate.votes):
            dropped["rater_too_fast"] += 1
        elif any(vote in too_many for vote in candidate.votes):
            dropped["rater_over_cap"] += 1
        else:
            kept.append(candidate)
    return kept


def exact_duplicates(candidates: list[Candidate], _: SnapshotConfig, dropped: Counter[str]) -> list[Candidate]:
    """Drops what a rater said before of the same texts; case, white space and compatibility forms aside."""
    seen: set[Hashable] = set()
    kept = []
    for candidate in candidates:
        key = (candidate.row.rater, _matter(candidate.row), _verdict(candidate.row))
        if key in seen:
            dropped["exact_duplicate"] += 1
        else:
            seen.add(key)
            kept.append(candidate)
    return kept


def contradictions(candidates: list[Candidate], _: SnapshotConfig, dropped: Counter[str]) -> list[Candidate]:
    """Drops both sides where one rater says both of the same texts: nobody knows which was meant."""
    verdicts: dict[Hashable, set[Hashable]] = defaultdict(set)
    for candidate in candidates:
        verdicts[candidate.row.rater, _matter(candidate.row)].add(_verdict(candidate.row))
    kept = [c for c in candidates if len(verdicts[c.row.rater, _matter(c.row)]) == 1]
    dropped["contradiction"] += len(candidates) - len(kept)
    return kept


def near_duplicates_of_a_rater(
    candidates: list[Candidate], config: SnapshotConfig, dropped: Counter[str]
) -> list[Candidate]:
    """Drops rows that differ from an earlier one of the same rater and verdict in a few words.

    Different raters are never merged: that two people like the same answer is what we want to know.
    """
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for index, candidate in enumerate(candidates):
        row = candidate.row
        groups[row.rater, type(row), row.liked if isinstance(row, Thumb) else None].append(index)
    repeated: set[int] = set()
    for indexes in groups.values():
        found = near_duplicates([_parts(candidates[index].row) for index in indexes], config.near_duplicate_similarity)
        repeated |= {index for index, of in zip(indexes, found, strict=True) if of is not None}
    dropped["near_duplicate"] += len(repeated)
    return [candidate for index, candidate in enumerate(candidates) if index not in repeated]


def _too_fast(timed: Iterable[tuple[float, str]], config: SnapshotConfig) -> set[str]:
    """The votes that come when `max_per_rater_hour` counted ones lie within the hour before."""
    window: deque[float] = deque()
    late = set()
    for at, vote in sorted(timed):
        while window and window[0] <= at - _HOUR_S:
            window.popleft()
        if len(window) < config.max_per_rater_hour:
            window.append(at)
        else:
            late.add(vote)
    return late


def _answers(row: Comparison | Thumb) -> tuple[str, ...]:
    return (row.completion,) if isinstance(row, Thumb) else (row.chosen, row.rejected)


def _matter(row: Comparison | Thumb) -> Hashable:
    """What a verdict is about, the same whichever way it goes."""
    return type(row), prompt_key(row.prompt), tuple(sorted(map(normal_form, _answers(row))))


def _verdict(row: Comparison | Thumb) -> Hashable:
    return row.liked if isinstance(row, Thumb) else normal_form(row.chosen)


def _parts(row: Comparison | Thumb) -> tuple[str, ...]:
    return ("\n".join(f"{message.role} {message.content}" for message in row.prompt), *_answers(row))
