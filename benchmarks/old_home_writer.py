"""Fills a ledger with everything that an older Attune stores. Runs with that Attune's own modules, not with these.

`python -P benchmarks/old_home_writer.py DATABASE_URL VOTES`, with an older checkout as PYTHONPATH and working folder:
what an older version stored is only sure where its own code has stored it. `benchmarks.old_home` starts it.
"""

import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

from sqlalchemy import Connection, select, update

from ledger import completions, conversations, erase, feedback, keys, ratings, versions
from ledger.database import Database
from ledger.ratings import Answered
from ledger.records import Choice, Completion, Message, NewFeedback, NewMessage
from ledger.schema import api_keys, deployments, model_versions
from tests import ops_ledger

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
OWNER = "acme"
QUESTION = "Was ist ein Hauptbuch? «naïve» 台帳"
OF_EACH = 5  # votes of one person: up, taken back, a correction, a comparison, down


def fill(database: Database, votes: int) -> None:
    """Stores `votes` votes: four fifths drawn as `tests.ops_ledger` draws them, a fifth through the ledger's own doors.

    Version 1, which somebody may have served, is the live one afterwards; the others have no files.
    """
    with database.write() as connection:
        if not versions.list_all(connection):
            versions.register_base(connection, path="/models/base", sha256="a" * 64)
        if not connection.execute(select(api_keys.c.id)).first():
            keys.create(connection, name="app", owner=OWNER, scopes=("inference", "feedback"))
    people = votes // (5 * OF_EACH)
    ops_ledger.fill(database, votes=votes - people * OF_EACH, people=max(people, 1))
    with database.write() as connection:
        key_id = connection.execute(select(api_keys.c.id).limit(1)).scalar_one()
        for number in range(people):
            _person(connection, key_id, number)
        _ratings(connection)
        _answer(connection, key_id, "gone", "chatcmpl-gone", BEGAN)
        erase.erase_user(connection, OWNER, "gone")
        _serve_base(connection)


def _person(connection: Connection, key_id: str, number: int) -> None:
    """A conversation of two answers to one question, and the person's votes on them."""
    user, at = f"person-{number}", BEGAN + timedelta(seconds=number)
    conversation = conversations.create(connection, owner=OWNER, user=user, title=f"Bücher {number}", now=at)
    said = conversations.add_message(connection, NewMessage(conversation.id, OWNER, user, QUESTION, created_at=at))
    answers = [f"chatcmpl-{number:07d}{choice}" for choice in "ab"]
    for answer in answers:
        _answer(connection, key_id, user, answer, at, said)
    if number % 10 == 0:
        conversations.share(connection, conversation.id, OWNER, user)
    first, second = answers
    vote = NewFeedback(first, OWNER, user, 1, source="chat_ui", created_at=at)
    given = [
        replace(vote, idempotency_key=f"{user}-up"),
        replace(vote, value=0),
        replace(vote, value=-1, correction="Ein Verzeichnis aller Buchungen.", reasons=("wrong",), comment="zu kurz"),
        replace(vote, preferred_over=second),
        replace(vote, completion_id=second, value=-1, reasons=("too long", "rude")),
    ]
    later = count(1)
    for new in given:
        feedback.add(connection, replace(new, created_at=at + timedelta(seconds=next(later))))


def _answer(
    connection: Connection, key_id: str, user: str, answer: str, at: datetime, to: Message | None = None
) -> None:
    completion = Completion(
        id=answer,
        endpoint="/v1/chat/completions",
        owner=OWNER,
        key_id=key_id,
        user=user,
        messages=({"role": "user", "content": QUESTION},),
        params={"temperature": 0.7, "seed": 1},
        choices=(Choice(0, f"Ein Buch. {answer}", "stop"),),
        status="complete",
        model_version=1,
        conversation_id=to and to.conversation_id,
        parent_id=to and to.id,
        usage={"prompt_tokens": 5, "completion_tokens": 4},
        ttft_ms=12.5,
        duration_ms=80.0,
        created_at=at,
    )
    completions.insert(connection, completion)


def _ratings(connection: Connection) -> None:
    """A study that two people have taken part in."""
    answers = [
        Answered(place, ({"role": "user", "content": QUESTION},), f"answer {place} of v{version}", version)
        for place in range(3)
        for version in (1, 2)
    ]
    ratings.begin_study(connection, answers, seed=0)
    for user in ("person-0", "person-1"):
        while (item := ratings.next_item(connection, OWNER, user)) is not None:
            ratings.rate(connection, item.id, OWNER, user, {"fluency": 5, "coherence": 4, "relevance": 3})


def _serve_base(connection: Connection) -> None:
    connection.execute(update(model_versions).where(model_versions.c.number == 1).values(state="live"))
    connection.execute(update(model_versions).where(model_versions.c.number.in_((3, 4))).values(state="retired"))
    connection.execute(update(deployments).values(live_version=1, canary_version=None, canary_share=0))


def main(database_url: str, votes: str) -> None:
    """Opens the ledger as the older Attune does, and fills it."""
    with closing(Database.open(database_url)) as database:
        fill(database, int(votes))


if __name__ == "__main__":
    main(*sys.argv[1:])
