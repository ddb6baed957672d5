"""Feedback from the ledger as rows: only whole answers of the run's own base model, with prompts of plain text."""

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import Connection

from alignment.preferences import Comparison, Message, Thumb
from alignment.snapshot.candidates import Candidate, Collected
from alignment.snapshot.config import SnapshotConfig
from ledger import versions, votes
from ledger.importing.row import GivenAnswer, message_text
from ledger.judged_answers import Answer
from ledger.votes import VOTE_SEPARATOR, Rating

Reason = Literal["other_base_model", "incomplete_answer", "truncated_answer", "tool_call", "no_text_prompt"]


def from_ledger(connection: Connection, config: SnapshotConfig, *, base: int) -> Collected:
    """Reads the votes that hold now.

    Args:
        connection: Of one reading transaction, so that all is seen at one moment.
        config: Of the snapshot.
        base: Number of the base model that the run trains; answers of models that grew from another are dropped.
    """
    found = Collected()
    lineage = {number for number, its_base in versions.bases(connection).items() if its_base == base}
    for rating in votes.ratings(connection, owner=config.owner):
        _read_rating(rating, lineage, config, found)
    for pair in votes.pairs(connection, owner=config.owner, over_unrated=config.over_unrated):
        found.read["comparisons"] += 1
        prompt = text_prompt(pair.prompt)
        if reason := _reason(prompt, (pair.chosen, pair.rejected), config, lineage):
            found.drop(reason)
            continue
        assert prompt is not None
        comparison = Comparison(
            id=VOTE_SEPARATOR.join(pair.feedback_ids),
            prompt=prompt,
            chosen=pair.chosen.text,
            rejected=pair.rejected.text,
            rater=pair.rater,
            source=votes.SOURCES[pair.origin],
        )
        found.candidates.append(Candidate(comparison, pair.created_at.timestamp()))
    return found


def _read_rating(rating: Rating, lineage: set[int], config: SnapshotConfig, found: Collected) -> None:
    """Reads a thumb, and the correction that it may come with: where the answer was cut, that stays alone."""
    prompt, text, at = text_prompt(rating.prompt), rating.answer.text, rating.created_at.timestamp()
    shared: dict[str, Any] = {"id": rating.feedback_id, "prompt": prompt, "rater": rating.rater}
    found.read["thumbs"] += 1
    if reason := _reason(prompt, (rating.answer,), config, lineage):
        found.drop(reason)
    else:
        thumb = Thumb(**shared, completion=text, liked=rating.value > 0, source="thumb")
        found.candidates.append(Candidate(thumb, at))
    if rating.correction is None:
        return
    found.read["comparisons"] += 1
    if reason := _reason(prompt, (rating.answer,), config, lineage, corrected=True):
        found.drop(reason)
    else:
        correction = Comparison(**shared, chosen=rating.correction, rejected=text, source="correction")
        found.candidates.append(Candidate(correction, at))


def _reason(
    prompt: Sequence[Message] | None,
    answers: Sequence[Answer],
    config: SnapshotConfig,
    lineage: set[int],
    *,
    corrected: bool = False,
) -> Reason | None:
    """Why answers of the ledger cannot be learned from. Imported ones count as those of a file, whoever gave them."""
    here = (answer for answer in answers if not answer.imported)
    if prompt is not None and any(answer.model_version not in lineage for answer in here):
        return "other_base_model"
    return unusable(prompt, answers, config, corrected=corrected)


def unusable(
    prompt: Sequence[Message] | None,
    answers: Sequence[Answer] | Sequence[GivenAnswer],
    config: SnapshotConfig,
    *,
    corrected: bool = False,
) -> Reason | None:
    """Why answers cannot be learned from; None if they can.

    Args:
        prompt: What they answer.
        answers: One, or both of a comparison.
        config: Of the snapshot.
        corrected: Whether a person's correction is preferred over what there is of the answer. Then it need not be
            whole: they saw it so, and wrote what is better.
    """
    if prompt is None:
        return "no_text_prompt"
    if not corrected and any(answer.status != "complete" for answer in answers):
        return "incomplete_answer"
    if any(answer.tool_calls for answer in answers):
        return "tool_call"
    cut = any(answer.finish_reason == "length" for answer in answers)
    return "truncated_answer" if cut and not corrected and not config.keep_truncated else None


def text_prompt(messages: Sequence[Any]) -> tuple[Message, ...] | None:
    """The messages as plain text; None if they are none, or hold images, tool calls, or other roles."""
    found = []
    for message in messages:
        text = message_text(message.get("content"))
        if text is None or message.get("role") not in ("system", "user", "assistant") or message.get("tool_calls"):
            return None
        found.append(Message(role=message["role"], content=text))
    return tuple(found) if any(message.role == "user" for message in found) else None
