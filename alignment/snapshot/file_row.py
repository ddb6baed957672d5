"""One object of a file as a row that can be learned from; `ledger.importing.row` says which objects are read."""

from typing import Any

from alignment.preferences import Comparison, Message, Source, Thumb
from alignment.snapshot.candidates import Candidate
from alignment.snapshot.collect import Reason, text_prompt, unusable
from alignment.snapshot.config import SnapshotConfig
from ledger.importing.row import SURROGATE, GivenRow
from ledger.importing.row import parse as parse_row


class Unlearnable(Exception):
    """A row in one of the formats that cannot be learned from.

    Attributes:
        kind: `thumbs` or `comparisons`.
        reason: As in the snapshot's counts.
    """

    def __init__(self, kind: str, reason: str) -> None:
        """Keep both."""
        super().__init__(reason)
        self.kind, self.reason = kind, reason


def parse(value: Any, default_id: str, config: SnapshotConfig) -> Candidate:
    """Make a row of a line's object.

    Raises:
        ValueError: It is in neither format.
        Unlearnable: It is, and cannot be learned from.
    """
    given = parse_row(value)
    prompt = _learnable(given, config)
    shared: dict[str, Any] = {"id": given.id or default_id, "rater": given.rater, "prompt": prompt}
    first = given.answers[0].text
    row: Comparison | Thumb
    if given.label is not None:
        row = Thumb(**shared, completion=first, liked=given.label, source="file")
    else:
        source: Source = "file_correction" if _is_correction(given) else "file"
        row = Comparison(**shared, chosen=first, rejected=given.answers[1].text, source=source)
    return Candidate(row, None if given.created_at is None else given.created_at.timestamp())


def _is_correction(given: GivenRow) -> bool:
    return given.label is None and given.source == "correction"


def _learnable(given: GivenRow, config: SnapshotConfig) -> tuple[Message, ...]:
    """Return the prompt as text, where the row can be learned from."""
    kind = "comparisons" if given.label is None else "thumbs"
    prompt = text_prompt(given.prompt)
    reason: Reason | None = unusable(prompt, given.answers, config, corrected=_is_correction(given))
    if reason is not None or prompt is None:
        raise Unlearnable(kind, reason or "no_text_prompt")
    texts = (*(message.content for message in prompt), *(answer.text for answer in given.answers))
    if any(SURROGATE.search(text) for text in texts):
        raise Unlearnable(kind, "lone_surrogate")
    return prompt
