"""Conversational question answering in the form of CoQA and QuAC (Reddy et al. 2019; Choi et al. 2018)."""

from collections.abc import Iterable, Iterator

from evals.chat import Message
from evals.harness.forms.row import Record, Row


def rows(records: Iterable[Record]) -> Iterator[Row]:
    """Fields `passage`, `history` (pairs of question and answer), `question`, `answers`.

    The history is asked as turns of a chat, with the right answers as the assistant's; the passage comes first.
    """
    for number, record in enumerate(records):
        history, answers = record.fields.get("history"), record.fields.get("answers")
        if not isinstance(history, list) or not all(isinstance(turn, list) and len(turn) == 2 for turn in history):
            raise record.wrong("history", "a list of pairs")
        if not isinstance(answers, list) or not answers:
            raise record.wrong("answers", "a list of texts")
        said = [part for turn in history for part in turn] + [record.text("question")]
        said[0] = f"{record.text('passage')}\n\n{said[0]}"
        chat = tuple(
            Message(role="assistant" if place % 2 else "user", content=part) for place, part in enumerate(said)
        )
        id_ = f"conversations-{number:03}"
        yield Row(id_, chat, {"targets": answers}, id_)
