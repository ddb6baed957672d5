"""Answers of which no text is kept: what stays, what votes on them may say, and who sees them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ledger import completions, erase, feedback, person, snapshots, trials, votes
from ledger.clock import utc_now
from ledger.database import Database
from ledger.errors import NotKept
from ledger.kept import least
from ledger.records import Choice, Completion, FeedbackFilter, NewFeedback
from ledger.schema import completions as table
from ledger.schema import feedback as feedback_table
from ledger.trials import Trial, VoteWindow
from ledger.vote_statistics import votes_since

LONG_AGO = utc_now() - timedelta(days=1)
CALL = {"id": "call_1", "type": "function", "function": {"name": "mail", "arguments": "{}"}}


def rate(database: Database, completion: Completion, value: int = 1, **said: Any) -> Any:
    with database.write() as connection:
        return feedback.add(connection, NewFeedback(completion.id, "acme", completion.user, value, **said))


def test_the_policy_that_keeps_the_least_wins() -> None:
    assert least("full", "metadata") == least("metadata", "full") == "metadata"
    assert least("nothing", "full", "metadata") == "nothing"


def test_of_an_answer_without_text_figures_stay_and_no_words(
    database: Database, stored: Callable[..., Completion]
) -> None:
    asked = {
        "temperature": 0.5,
        "stream": True,
        "stop": ["secret"],
        "metadata": {"note": "secret"},
        "logit_bias": {"5": 1},
        "prompt": ["secret"],
        "response_format": {"type": "json_schema", "json_schema": {"name": "secret"}},
        "text": {"format": {"type": "json_schema", "name": "secret"}},
        "tools": [{"type": "function", "function": {"name": "secret"}}],
        "tool_choice": {"type": "function", "function": {"name": "secret"}},
    }
    said = (Choice(0, "secret", "stop", [CALL]), Choice(1, "secret", "secret"))
    usage = {"completion_tokens": 4, "note": "secret", "prompt_tokens_details": {"cached_tokens": 2, "note": "secret"}}
    row = stored(kept="metadata", params=asked, choices=said, usage=usage, error="it said: secret", parent_id="msg_1")
    with database.read() as connection:
        found = completions.get(connection, row.id, "acme", "ann")
        whole = dict(connection.execute(select(table).where(table.c.id == row.id)).mappings().one())
    assert "secret" not in repr(whole)
    assert (found.messages, found.error, found.parent_id) == ([], None, None)
    assert found.choices == (Choice(0, "", "stop"), Choice(1, "", None))
    assert found.usage == {"completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 2}}
    assert found.params == {
        "temperature": 0.5,
        "stream": True,
        "response_format": {"type": "json_schema"},
        "text": {"format": {"type": "json_schema"}},
        "tools": 1,
        "tool_choice": {"type": "function"},
    }
    assert (found.ttft_ms, found.duration_ms, found.status, found.model_version) == (12.5, 80.0, "complete", 1)
    assert (found.kept, found.refused) == ("metadata", False)


def test_a_thumb_with_reasons_is_taken_and_words_about_the_text_are_not(
    database: Database, stored: Callable[..., Completion]
) -> None:
    bare, whole = stored(kept="metadata"), stored()
    assert rate(database, bare, -1, reasons=("too long",)).reasons == ("too long",)
    for said in ({"comment": "no"}, {"correction": "so"}, {"preferred_over": whole.id}):
        with pytest.raises(NotKept, match=f"only metadata was kept.*{next(iter(said))}.*Send the thumb without it"):
            rate(database, bare, 1, **said)
    with pytest.raises(NotKept, match=bare.id):
        rate(database, whole, 1, preferred_over=bare.id)
    assert rate(database, bare, 0).value == 0


def test_a_vote_on_an_answer_of_which_nothing_was_kept_is_told_why(database: Database, answer: Any) -> None:
    gone = answer(id="chatcmpl-unkept-0123")
    with pytest.raises(NotKept, match=r"Nothing was kept.*X-Attune-Keep: metadata"):
        rate(database, gone)


def test_votes_without_text_are_counted_and_never_learned_from(
    database: Database, stored: Callable[..., Completion]
) -> None:
    bare, whole = stored(kept="metadata"), stored()
    rate(database, bare, -1)
    with database.read() as connection:
        assert snapshots.votes_after(connection, 0) == 0
    rate(database, whole, 1)
    with database.read() as connection:
        assert [rating.answer.completion_id for rating in votes.ratings(connection)] == [whole.id]
        assert list(votes.pairs(connection, over_unrated=True)) == []
        assert [row["label"] for row in feedback.export_unpaired(connection)] == [True]
        assert snapshots.votes_after(connection, 0) == 1
        assert sum(count.count for count in votes_since(connection, LONG_AGO).counts) == 2
        assert len(feedback.search(connection, FeedbackFilter(owner="acme")).items) == 2


def test_the_canary_sees_thumbs_failures_times_and_refusals_without_text(
    database: Database, stored: Callable[..., Completion]
) -> None:
    refusal = (Choice(0, "I'm sorry, but I can't help with that.", "stop"),)
    trial = Trial(live=1, canary=2, since=LONG_AGO)
    window = VoteWindow(seconds=60, now=utc_now() + timedelta(hours=1))
    thumbed = stored(user="ann", kept="metadata", choices=refusal)
    stored(user="bob", kept="metadata")
    stored(user="cid", kept="metadata", choices=(), status="error", error="it broke")
    rate(database, thumbed, -1)
    with database.read() as connection:
        answers = trials.first_answers(connection, trial, utc_now() + timedelta(seconds=1))
        assert [(one.status, one.refused, one.text, one.ttft_ms, one.tokens) for one in answers] == [
            ("complete", True, "", 12.5, 4),
            ("complete", False, "", 12.5, 4),
            ("error", None, "", 12.5, 4),
        ]
        assert [thumb.value for thumb in trials.first_thumbs(connection, trial, window)] == [-1]
        rated = trials.first_answers_rated(connection, trial, window, utc_now())
        assert [answer.rated for answer in rated] == [True, False, False]


def test_erasing_a_user_finds_what_is_left_of_answers_without_text(
    database: Database, stored: Callable[..., Completion]
) -> None:
    bare = stored(kept="metadata")
    rate(database, bare)
    with database.read() as connection:
        assert [row["kept"] for row in person.export(connection, "acme", "ann")["completions"]] == ["metadata"]
    with database.write() as connection:
        assert erase.erase_user(connection, "acme", "ann")
    with database.read() as connection:
        assert connection.execute(select(table.c.id)).all() == []
        assert connection.execute(select(feedback_table.c.id)).all() == []


def test_an_answer_of_which_nothing_is_kept_cannot_be_stored(database: Database, answer: Any) -> None:
    with pytest.raises(Exception, match="kept"), database.write() as connection:
        completions.insert(connection, answer(kept="nothing"))
