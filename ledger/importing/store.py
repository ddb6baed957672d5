"""Storing votes and answers of another ledger or program: each once, and never as if they had been given here.

A row of a file is one vote, or a thumb up and a thumb down on two answers. What is stored keeps the ids of the file, so
that a file which is imported again changes nothing, and so that an export gives the rows of the file again.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, select, update

from ledger import keys
from ledger.clock import utc_now
from ledger.completions import row_of
from ledger.errors import Misconfigured
from ledger.importing.origin import ENDPOINT, KEY_NAME, VERSION, stored_parent
from ledger.importing.row import GivenAnswer, GivenRow, GivenVote
from ledger.insertion import insert_if_absent
from ledger.records import Choice, Completion, Kind
from ledger.schema import api_keys, completions, feedback, tombstones, users
from ledger.votes import VOTE_SEPARATOR

Outcome = Literal["stored", "there before", "erased here", "answer differs", "answer of this ledger"]
"""What became of a row. Of the last three nothing is stored."""

# Built once, because building a statement takes longer than SQLite needs to run it.
_KNOWN = select(feedback.c.id).where(feedback.c.id.in_(bindparam("ids", expanding=True)))
_ERASED = select(tombstones.c.kind, tombstones.c.id).where(tombstones.c.id.in_(bindparam("ids", expanding=True)))
_USER = select(users.c.id).where(users.c.owner == bindparam("owner"), users.c.external_id == bindparam("external_id"))


@dataclass(frozen=True, slots=True)
class NewVote:
    """A vote that a row says, on an answer of the row."""

    id: str
    kind: Kind
    value: int
    on: GivenAnswer
    over: GivenAnswer | None
    said: GivenVote | None
    correction: str | None


class Importer:
    """Stores rows for one owner, who has no other keys than the one that marks imports.

    Args:
        connection: Of a transaction; ask for a new importer in each.
        owner: Whose the answers and votes are.

    Raises:
        Misconfigured: The owner has keys of their own.
    """

    def __init__(self, connection: Connection, owner: str) -> None:
        """Find or make the owner's revoked key, which every answer has to refer to."""
        self._connection, self._owner = connection, owner
        self._key_id = _key(connection, owner)
        self._now = utc_now()

    def add_all(self, rows: Iterable[GivenRow]) -> Counter[str]:
        """Store rows; return how many ended in which outcome."""
        return Counter(self.add(row) for row in rows)

    def add(self, row: GivenRow) -> Outcome:
        """Store what a row says and the ledger lacks."""
        votes = list(votes_of(row))
        there = set(self._connection.execute(_KNOWN, {"ids": [vote.id for vote in votes]}).scalars())
        if len(there) == len(votes):
            return "there before"
        if self._erased(row):
            return "erased here"
        user_id = self._user(row.rater)
        answers = {id(answer): self._completion(row, answer) for vote in votes for answer in _answers(vote)}
        for completion in answers.values():
            if problem := self._store_answer(completion, user_id):
                return problem
        for vote in votes:
            if vote.id not in there:
                self._store_vote(vote, row, user_id, answers)
        return "stored"

    def _erased(self, row: GivenRow) -> bool:
        """Whether the rater or an answer was erased in this ledger: a file must not bring them back."""
        ids = [("user", row.rater), ("user", _user_id(self._owner, row.rater))]
        ids += [("completion", answer.completion_id) for answer in row.answers if answer.completion_id]
        found = self._connection.execute(_ERASED, {"ids": [erased for _, erased in ids]})
        return not set(ids).isdisjoint((kind, erased) for kind, erased in found)

    def _user(self, rater: str) -> str:
        """The id of the rater's row: their own id where it is free, so that lists of tombstones know them."""
        named = {"owner": self._owner, "external_id": rater}
        shared = named | {"created_at": self._now}
        own: dict[str, Any] = {"id": rater, "counts_as": None}
        made: dict[str, Any] = {"id": _user_id(self._owner, rater), "counts_as": rater}
        for known_as in (own, made) if rater else (made,):
            if found := self._connection.execute(_USER, named).scalar():
                return str(found)
            insert_if_absent(self._connection, users, shared | known_as)
        return str(self._connection.execute(_USER, named).scalar_one())

    def _completion(self, row: GivenRow, answer: GivenAnswer) -> Completion:
        return Completion(
            id=answer.completion_id or _answer_id(row, answer),
            endpoint=ENDPOINT,
            owner=self._owner,
            key_id=self._key_id,
            user=row.rater,
            messages=row.prompt,
            params={} if answer.version is None else {VERSION: answer.version},
            choices=(Choice(answer.choice_index, answer.text, answer.finish_reason, answer.tool_calls),),
            status=answer.status,
            route="pinned",
            parent_id=stored_parent(answer.parent_id),
            created_at=answer.created_at or row.created_at or self._now,
        )

    def _store_answer(self, new: Completion, user_id: str) -> Outcome | None:
        """Stores an answer, or its choice beside those that are there; returns why it cannot be."""
        if insert_if_absent(self._connection, completions, row_of(new) | {"user_id": user_id}):
            return None
        stored = self._connection.execute(select(completions).where(completions.c.id == new.id)).mappings().one()
        if stored["endpoint"] != ENDPOINT or stored["owner"] != self._owner:
            return "answer of this ledger"
        choice = asdict(new.choices[0])
        same = next((known for known in stored["choices"] if known["index"] == choice["index"]), None)
        if stored["user_id"] != user_id or stored["messages"] != new.messages or same not in (None, choice):
            return "answer differs"
        if same is None:
            both = sorted([*stored["choices"], choice], key=lambda known: known["index"])
            self._connection.execute(update(completions).where(completions.c.id == new.id).values(choices=both))
        return None

    def _store_vote(self, vote: NewVote, row: GivenRow, user_id: str, answers: dict[int, Completion]) -> None:
        said, over = vote.said, vote.over
        values: dict[str, Any] = {
            "id": vote.id,
            "completion_id": answers[id(vote.on)].id,
            "choice_index": vote.on.choice_index,
            "owner": self._owner,
            "user_id": user_id,
            "kind": vote.kind,
            "value": vote.value,
            "reasons": [] if said is None else list(said.reasons),
            "comment": None if said is None else said.comment,
            "correction": vote.correction,
            "preferred_over": None if over is None else answers[id(over)].id,
            "preferred_over_choice": 0 if over is None else over.choice_index,
            "source": None if said is None else said.given_in,
            "body_sha256": hashlib.sha256(vote.id.encode()).hexdigest(),
            "created_at": (said and said.created_at) or row.created_at or self._now,
        }
        insert_if_absent(self._connection, feedback, values)


def votes_of(row: GivenRow) -> Iterator[NewVote]:
    """Yield the votes that a row says: one; or for a pair of thumbs on two answers to one message both."""
    said = row.votes[0] if row.votes else None
    if row.label is not None:
        value = (said and said.value) or (1 if row.label else -1)
        correction = said.correction if said else None
        kind: Kind = "thumb" if correction is None else "correction"
        yield NewVote(_vote_id(row), kind, value, row.answers[0], None, said, correction)
        return
    chosen, rejected = row.answers
    if row.source == "correction":
        value = (said and said.value) or -1
        yield NewVote(_vote_id(row), "correction", value, rejected, None, said, chosen.text)
    elif len(row.votes) == 2 and _siblings(chosen, rejected):
        for vote, answer, value in zip(row.votes, row.answers, (1, -1), strict=True):
            kind = "thumb" if vote.correction is None else "correction"
            yield NewVote(vote.id, kind, value, answer, None, vote, vote.correction)
    elif said is not None and said.value == -1:
        yield NewVote(_vote_id(row), "comparison", -1, rejected, chosen, said, None)
    else:
        yield NewVote(_vote_id(row), "comparison", 1, chosen, rejected, said, None)


def _answers(vote: NewVote) -> Sequence[GivenAnswer]:
    return (vote.on,) if vote.over is None else (vote.on, vote.over)


def _siblings(one: GivenAnswer, other: GivenAnswer) -> bool:
    """Whether two answers are stored so that a thumb up and a thumb down on them are a pair again."""
    if one.completion_id is None or other.completion_id is None:
        return False
    same_parent = one.parent_id is not None and one.parent_id == other.parent_id
    return one.completion_id == other.completion_id or same_parent


def _vote_id(row: GivenRow) -> str:
    """The row's id; where it has none, or one of two votes that are not told apart, one made of its content."""
    if row.id and VOTE_SEPARATOR not in row.id:
        return row.id
    return f"fb_{_digest(row.id, row.rater, row.prompt, row.label, [_said(answer) for answer in row.answers])}"


def _answer_id(row: GivenRow, answer: GivenAnswer) -> str:
    return f"imported-{_digest(row.rater, row.prompt, _said(answer))}"


def _said(answer: GivenAnswer) -> list[Any]:
    return [answer.content, answer.tool_calls, answer.status, answer.finish_reason, answer.version]


def _user_id(owner: str, rater: str) -> str:
    return f"usr_{_digest(owner, rater)}"


def _digest(*values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:32]


def _key(connection: Connection, owner: str) -> str:
    """The revoked key of an owner's imports.

    Raises:
        Misconfigured: The owner has another key, and so answers and votes of their own.
    """
    found = connection.execute(select(api_keys.c.id, api_keys.c.name).where(api_keys.c.owner == owner)).all()
    if any(name != KEY_NAME for _, name in found):
        raise Misconfigured(
            f"{owner!r} is the owner of keys that are in use here: what is imported has an owner of its own. Name "
            "another with --owner."
        )
    if found:
        return str(found[0].id)
    key, _ = keys.create(connection, name=KEY_NAME, owner=owner, scopes=("feedback",))
    keys.revoke(connection, key.id)
    return key.id
