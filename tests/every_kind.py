"""A ledger with every kind of message, answer and vote, for tests of what is exported, read and imported."""

from datetime import UTC, datetime
from typing import Any

from ledger import completions, conversations, feedback, keys, versions
from ledger.database import Database
from ledger.records import Choice, Completion, NewFeedback, NewMessage

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
CALLS = [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
SYSTEM = {"role": "system", "content": "Be kind."}
ASKED = {
    "role": "user",
    "content": [{"type": "text", "text": "Say\u2028it"}, {"type": "text", "text": " in\u0085two."}],
}
PROMPTS: tuple[list[dict[str, Any]], ...] = (
    [{"role": "user", "content": "What is a ledger?"}],
    [SYSTEM, ASKED],
    [
        ASKED,
        {"role": "assistant", "content": None, "tool_calls": CALLS},
        {"role": "tool", "tool_call_id": "call_1", "content": "7"},
    ],
    [ASKED, {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}, ASKED],
    [{"role": "developer", "content": "Be short."}, ASKED],
    [],
)


def fill(database: Database) -> None:
    """Stores them in an empty ledger."""
    with database.write() as connection:
        versions.register_base(connection, path="/base", sha256="base")
        key, _ = keys.create(connection, name="app", owner="acme", scopes=("inference", "feedback"))
        number = iter(range(1000))

        def answered(prompt: list[dict[str, Any]], *choices: Choice, **fields: Any) -> Completion:
            given: dict[str, Any] = {
                "status": "complete",
                "user": f"person-{next(number) % 3}",
                "model_version": 1,
            } | fields
            completion = Completion(
                id=f"chatcmpl-{next(number)}",
                endpoint="/v1/chat/completions",
                owner="acme",
                key_id=key.id,
                messages=prompt,
                params={},
                choices=choices or (Choice(0, f"Answer {next(number)}.\u2029", "stop"),),
                **given,
            )
            completions.insert(connection, completion)
            return completion

        def vote(on: Completion, value: int, **fields: Any) -> None:
            feedback.add(connection, NewFeedback(on.id, "acme", on.user, value, **fields))

        for prompt in PROMPTS:
            vote(answered(prompt), 1, reasons=("kind", "cl\u00e4r"), comment="good\u2028so", source="chat_ui")
            vote(answered(prompt), -1, correction="Rather\u2028this.")
            both = answered(prompt, Choice(0, "one", "stop"), Choice(1, "two", "stop"))
            vote(both, 1, preferred_over=both.id, preferred_over_choice=1)
            vote(both, 1, choice_index=1, preferred_over=both.id)
        ann = {"user": "ann"}
        vote(answered(PROMPTS[0], Choice(0, "cut of", "length"), **ann), -1, correction="A book of accounts.")
        vote(answered(PROMPTS[0], Choice(0, "bro", None), status="partial", **ann), -1, correction="A book.")
        vote(answered(PROMPTS[0], Choice(0, "fail", None), status="error", error="gone", **ann), 1)
        vote(answered(PROMPTS[0], Choice(0, "", "tool_calls", CALLS), **ann), 1)
        vote(answered(PROMPTS[0], Choice(0, "four", "length"), model_version=None, counts_as="crowd", user="cy"), 1)
        talk = conversations.create(connection, owner="acme", user="ann")
        said = conversations.add_message(connection, NewMessage(talk.id, "acme", "ann", "q"))
        for value, text in ((1, "yes"), (-1, "no"), (0, "well")):
            sibling = answered(PROMPTS[0], Choice(0, text, "stop"), conversation_id=talk.id, parent_id=said.id, **ann)
            vote(sibling, 1)
            vote(sibling, value)
