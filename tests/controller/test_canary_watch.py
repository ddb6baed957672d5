"""A canary is judged by what people said, and the deployment follows."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from uuid import uuid4

import pytest
from sqlalchemy import insert, update

from ledger import audit, completions, deployments, engines, feedback, keys, schema, trials, versions
from ledger.clock import utc_now
from ledger.database import Database
from ledger.deployments import Change
from ledger.records import Choice, Completion, Engine, NewFeedback
from ledger.schema import model_versions
from server.canary.decision import decide
from server.canary.rules import CanaryRules
from server.controller import canary_watch
from server.controller.canary_watch import ACTOR, look
from server.evidence import UNDER_WAY, gather

RULES = CanaryRules(min_age_s=0)
LATER = timedelta(seconds=RULES.vote_window_s + 60)
"""When the time is over in which thumbs count that are given now."""
Votes = tuple[int, int]  # up, down
People = Callable[[Votes, Votes], None]


@pytest.fixture
def people(database: Database) -> People:
    """v1 is live, v2 the canary, both with engines; returns what makes people rate the two in a random order."""
    with database.write() as connection:
        versions.register_base(connection, path="/base", sha256="base")
        row = {"number": 2, "parent_number": 1, "form": "adapter", "path": "/a", "sha256": "2", "state": "passed"}
        connection.execute(insert(model_versions).values(row | {"created_at": utc_now()}))
        for number in (1, 2):
            engines.upsert(connection, Engine(f"eng_{number}", f"unix:///{number}", number, "ready"))
        key = keys.create(connection, name="app", owner="acme", scopes=("feedback", "vouch"))[0]
        deployments.start_canary(connection, 2, 0.5, Change("op", "try it"))

    def rate(live: Votes, canary: Votes) -> None:
        votes = [(1, 1)] * live[0] + [(1, -1)] * live[1] + [(2, 1)] * canary[0] + [(2, -1)] * canary[1]
        Random(0).shuffle(votes)
        with database.write() as connection:
            for place, (version, value) in enumerate(votes):
                said = Completion(
                    id=f"chatcmpl-{uuid4().hex}",
                    endpoint="/v1/chat/completions",
                    owner="acme",
                    key_id=key.id,
                    user=f"person {place}",
                    messages=(),
                    params={},
                    choices=(Choice(0, "Yes."),),
                    status="complete",
                    model_version=version,
                    route="live" if version == 1 else "canary",
                )
                completions.insert(connection, said)
                feedback.add(connection, NewFeedback(said.id, "acme", said.user, value))

    return rate


@pytest.fixture(autouse=True)
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks at the evidence when all thumbs have come."""
    monkeypatch.setattr(canary_watch, "utc_now", lambda: utc_now() + LATER)


def outcome(database: Database, rules: CanaryRules = RULES) -> str | None:
    decision = look(database, rules)
    return None if decision is None else decision.outcome


def deployed(database: Database) -> tuple[int | None, int | None, str]:
    with database.read() as connection:
        now = deployments.current(connection)
        return now.live_version, now.canary_version, versions.get(connection, 2).state


def test_a_version_that_people_dislike_is_rolled_back_with_all_evidence(database: Database, people: People) -> None:
    people((80, 20), (20, 80))
    assert outcome(database) == "roll_back"
    assert deployed(database) == (1, None, "rejected")
    with database.read() as connection:
        entry = audit.latest(connection, 1)[0]
    assert (entry.actor, entry.action, entry.subject) == (ACTOR, "roll_back", "v2")
    assert "canary 20 of 100, live 80 of 100" in entry.reason
    assert entry.detail is not None
    evidence = entry.detail["evidence"]
    assert evidence["tests"][0]["canary"] == {"k": 20, "n": 100}
    assert evidence["rules"]["margin"] == RULES.margin
    assert outcome(database) is None


def test_a_version_that_declines_what_the_live_one_answers_is_rolled_back_though_people_like_it(
    database: Database, people: People
) -> None:
    people((90, 60), (90, 60))
    answers = schema.completions
    declined = [{"index": 0, "text": "I'm sorry, but I can't help with that.", "finish_reason": "stop"}]
    with database.write() as connection:
        connection.execute(update(answers).where(answers.c.model_version == 2).values(choices=declined))
        trial = trials.current(connection)
        assert trial is not None
        decision = decide(gather(connection, trial, RULES, utc_now() + UNDER_WAY + timedelta(seconds=1)), RULES)
    assert decision.outcome == "roll_back"
    assert "The guard refusal is violated: canary 150 of 150, live 0 of 150" in decision.reasons[0]


def test_users_whom_nobody_vouches_for_violate_no_guard_by_what_they_ask_but_errors_count(
    database: Database, people: People
) -> None:
    people((90, 60), (90, 60))
    answers = schema.completions
    of_canary = update(answers).where(answers.c.model_version == 2)
    with database.write() as connection:
        invented = keys.create(connection, name="any", owner="acme", scopes=("inference",))[0]
        connection.execute(update(answers).values(key_id=invented.id))
        declined = [{"index": 0, "text": "I'm sorry, but I can't help with that.", "finish_reason": "stop"}]
        connection.execute(of_canary.values(choices=declined))
    assert outcome(database) == "look_yourself"
    with database.write() as connection:
        connection.execute(of_canary.values(status="error"))
    assert outcome(database) == "roll_back"


def test_thumbs_are_not_looked_at_before_their_time_is_over(
    database: Database, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    people((80, 20), (20, 80))
    monkeypatch.setattr(canary_watch, "utc_now", utc_now)
    assert outcome(database) == "continue"
    soon = timedelta(seconds=RULES.vote_windows_s[0] + 60)
    monkeypatch.setattr(canary_watch, "utc_now", lambda: utc_now() + soon)
    assert outcome(database) == "roll_back"


def test_a_version_that_people_like_is_promoted(database: Database, people: People) -> None:
    people((50, 100), (140, 10))
    assert outcome(database) == "promote"
    assert deployed(database) == (2, None, "live")


def test_what_is_not_clear_goes_on(database: Database, people: People) -> None:
    people((7, 3), (6, 4))
    assert outcome(database) == "continue"
    assert deployed(database) == (1, 2, "canary")


def test_at_the_horizon_live_stays_and_the_version_may_be_tried_again(database: Database, people: People) -> None:
    assert outcome(database, CanaryRules(horizon_s=1e-9)) == "undecided"
    assert deployed(database) == (1, None, "passed")


def test_a_promotion_that_no_engine_can_carry_waits(database: Database, people: People) -> None:
    people((50, 100), (140, 10))
    with database.write() as connection:
        engines.remove(connection, "eng_2")
    assert outcome(database) == "promote"
    assert deployed(database) == (1, 2, "canary")


def test_without_a_canary_there_is_nothing_to_judge(database: Database) -> None:
    assert outcome(database) is None
