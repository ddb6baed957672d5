"""A program that writes to a ledger, for tests that run several of it, or kill it.

It prints `ready`, waits for a line, and then prints a line for everything that was acknowledged.
"""

import sys
from concurrent.futures import Future
from itertools import count
from uuid import uuid4

from ledger import completions, feedback, users, versions
from ledger.database import Database
from ledger.group_commit import GroupCommit
from ledger.records import Choice, Completion, Feedback, NewFeedback


def tell(line: str) -> None:
    """Prints a line at once, so that it is read even if the next moment brings SIGKILL."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def vote(database: Database, completion_id: str, name: str, times: str) -> None:
    """Gives feedback, each under its own idempotency key."""
    for turn in range(int(times)):
        key = f"{name}-{turn}"
        with database.write() as connection:
            feedback.add(connection, NewFeedback(completion_id, "acme", "ann", 1, idempotency_key=key))
        tell(key)


def meet(database: Database, times: str) -> None:
    """Asks for the same users as another process."""
    for turn in range(int(times)):
        with database.write() as connection:
            user = users.resolve(connection, "acme", str(turn))
        tell(user.id)


def register(database: Database, times: str) -> None:
    """Registers the same models as another process."""
    for turn in range(int(times)):
        with database.write() as connection:
            versions.register_base(connection, path="/base", sha256=str(turn))


def store(database: Database, key_id: str, name: str) -> None:
    """Stores completions and feedback on them through a group-commit writer, until it is killed."""
    writer = GroupCommit(database)
    messages = [{"role": "user", "content": "Well?"}]
    for turn in count():
        completion = Completion(
            id=f"chatcmpl-{uuid4().hex}",
            endpoint="/v1/chat/completions",
            owner="acme",
            key_id=key_id,
            user=name,
            messages=messages,
            params={},
            choices=(Choice(0, f"{name} {turn}"),),
            status="complete",
        )
        writer.submit(completions.insert, completion)
        rated = writer.submit(feedback.add, NewFeedback(completion.id, "acme", name, 1))

        def acknowledge(future: "Future[Feedback]") -> None:
            tell(future.result().completion_id)

        rated.add_done_callback(acknowledge)
        if turn % 20 == 19:
            rated.result()


if __name__ == "__main__":
    action, url, *arguments = sys.argv[1:]
    database = Database.open(url)
    tell("ready")
    sys.stdin.readline()
    {"vote": vote, "meet": meet, "register": register, "store": store}[action](database, *arguments)
