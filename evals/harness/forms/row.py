"""What a reader makes of a record: a chat that is asked, and what the scorer must know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evals.chat import Chat, asked
from evals.errors import UnusableTask


@dataclass(frozen=True, slots=True)
class Row:
    """One prompt.

    Attributes:
        id: Unique in its set.
        chat: What is asked.
        key: For the scorer; JSON.
        group: Rows that are compared with each other have the same one: a limit takes them or leaves them together.
    """

    id: str
    chat: Chat
    key: Mapping[str, Any]
    group: str


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it is published, and where it stands.

    Attributes:
        fields: Its columns.
        file: Of the set, from the folder with all sets on; or its name on the hub.
        where: In the file, such as `line 3`.
    """

    fields: Mapping[str, Any]
    file: str
    where: str

    @property
    def place(self) -> str:
        """For people: `bbq/Age.jsonl, line 3`."""
        return f"{self.file}, {self.where}"

    def text(self, name: str) -> str:
        """A column's text.

        Raises:
            UnusableTask: It is missing, empty or no text.
        """
        value = self.fields.get(name)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(name, "text")
        return value.strip()

    def one_of(self, name: str, meanings: Mapping[Any, int]) -> int:
        """What a column's value means.

        Raises:
            UnusableTask: It is none of these.
        """
        value = self.fields.get(name)
        if isinstance(value, list | dict) or value not in meanings:
            raise self.wrong(name, " or ".join(map(repr, meanings)))
        return meanings[value]

    def wrong(self, name: str, wanted: str) -> UnusableTask:
        """The error for a column that is not as this form has it."""
        found = repr(self.fields[name]) if name in self.fields else f"missing; there are {', '.join(self.fields)}"
        return UnusableTask(
            f"{self.place}: the column {name!r} must be {wanted}, and is {found}. Is this the set as it is published?"
        )


def choice(record: Record, name: str, question: str, options: Sequence[Sequence[str]], right: int) -> Row:
    """A row in which one of several options is right; each has the forms in which an answer may say it."""
    id_ = f"{name}-{record.place}"
    return Row(id_, asked(question), {"options": [list(forms) for forms in options], "right": right}, id_)


def lettered(options: Sequence[str]) -> str:
    """Options as they are shown: a line for each, with its letter."""
    return "\n".join(f"{chr(65 + place)}. {option}" for place, option in enumerate(options))
