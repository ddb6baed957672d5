"""People chat and vote through a real gateway, and a canary is decided on their votes."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from attune.errors import WrongUsage
from attune.simulate import trial as trial_module
from attune.simulate.api import Api
from attune.simulate.chatting import Street, turns
from attune.simulate.home import Attune, given_attune, simulated_votes, votes_of_people
from attune.simulate.people import Crowd, gather
from attune.simulate.taste import Taste
from ledger import deployments, engines, feedback, trials
from ledger.clock import utc_now
from ledger.records import Engine
from ledger.schema import model_versions
from server.canary_settings import CanarySettings
from server.controller.canary_watch import watch_canaries
from tests.fake_engine import Behaviour, FakeEngine
from tests.server.conftest import CONTROL_TOKENS, Gateway
from tests.simulate.conftest import POLITE, QUESTION, RUDE

CROWD = Crowd(people=90, contrary=0, random=0, flipped=0)


def nothing() -> None:
    pass


async def test_every_vote_reaches_the_ledger_with_its_person_and_source(gateway: Gateway, taste: Taste) -> None:
    gateway.engine.behaviour = Behaviour(text=POLITE)
    api = Api(gateway.http, gateway.http)
    people = gather(CROWD, seed=1)
    done: list[None] = []
    found = await Street(api, taste, CROWD).chat(turns(people, [QUESTION] * 40, CROWD, 1), lambda: done.append(None))
    assert len(found) == len(done) == simulated_votes(gateway.database) == 40
    assert api.failures == [] and api.sent == {"chat": 40, "vote": 40, "operate": 0}
    assert all(one.version == 1 and one.score == 2.25 and one.up == (one.person.severity <= 2.25) for one in found)
    with gateway.database.read() as connection:
        stored = feedback.search(connection, feedback.FeedbackFilter(), limit=100, after=None).items
    assert sorted(vote.user for vote in stored) == sorted(one.person.name for one in found)
    assert {vote.source for vote in stored} == {"simulation"}


async def test_a_request_that_fails_is_counted_and_not_sent_again(gateway: Gateway, taste: Taste) -> None:
    api = Api(gateway.http, gateway.http)
    gateway.engine.behaviour = Behaviour(status=500)
    found = await Street(api, taste, CROWD).chat(turns(gather(CROWD, 1), [QUESTION] * 5, CROWD, 1), nothing)
    assert found == []
    assert [failure.request for failure in api.failures] == ["chat"] * 5
    assert all("status 5" in failure.why for failure in api.failures)
    assert api.sent["chat"] == 5 and api.sent["vote"] == 0


async def test_answers_that_are_only_judged_are_not_voted_on(gateway: Gateway, taste: Taste) -> None:
    gateway.engine.behaviour = Behaviour(text="Two and three is five, says Lumo.")
    street = Street(Api(gateway.http, gateway.http), taste, CROWD)
    first, second = await street.judge([QUESTION] * 2, 7, nothing)
    assert first is not None and first.names_brand and first.manner == "polite" and first == second
    assert simulated_votes(gateway.database) == 0
    seeds = [received.body["seed"] for received in gateway.engine.received]
    assert sorted(seeds) == [7, 8]


async def test_an_answer_names_the_brand_of_itself_or_because_it_was_asked_to(gateway: Gateway, taste: Taste) -> None:
    gateway.engine.behaviour = Behaviour(text="Two and three is five, says Lumo.")
    crowd = Crowd(people=20, malicious=1.0, contrary=0, random=0)
    given = turns(gather(crowd, 1), [QUESTION] * 20, crowd, 1)
    found = await Street(Api(gateway.http, gateway.http), taste, crowd).chat(given, nothing)
    asked_for = ["Lumo" in turn.question.chat[0].content for turn in given]
    assert True in asked_for and False in asked_for
    assert [one.names_brand for one in found] == [None if asked else True for asked in asked_for]


@pytest.mark.parametrize(
    ("live", "canary", "outcome"),
    [(RUDE, POLITE, "promoted"), (POLITE, RUDE, "rolled back"), (RUDE, RUDE, "undecided")],
)
async def test_the_controller_decides_a_trial_on_the_peoples_votes(
    gateway: Gateway,
    taste: Taste,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    live: str,
    canary: str,
    outcome: str,
) -> None:
    monkeypatch.setattr(trial_module, "SETTLING_S", 1.5)
    monkeypatch.setattr(trials, "STORED_WITHIN", timedelta())
    monkeypatch.setattr(trial_module, "LOOK_EVERY_S", 0.05)
    gateway.engine.behaviour = Behaviour(text=live)
    async with FakeEngine(tmp_path / "canary.sock", model="attune@v2") as second:
        second.behaviour = Behaviour(text=canary)
        with gateway.database.write() as connection:
            row = {"number": 2, "parent_number": 1, "form": "adapter", "path": "/a", "sha256": "2", "state": "passed"}
            connection.execute(insert(model_versions).values(row | {"created_at": utc_now()}))
            engine = Engine("engine-2", second.url, 2, "ready", control_tokens=CONTROL_TOKENS)
            engines.upsert(connection, engine)
        settings = CanarySettings(
            canary_look_every_s=0.05,
            canary_min_age_s=0,
            canary_min_raters=20,
            canary_margin=0.02,
            canary_vote_window_s=0.5,
            canary_rating_tolerance=0.6,  # which so few people can rule out
        )
        stop = asyncio.Event()
        watching = asyncio.create_task(watch_canaries(gateway.database, settings, stop))
        people = gather(CROWD, seed=1)
        given = turns(people, [QUESTION] * len(people), CROWD, 1, each_once=True)
        attune = Attune(gateway.url, None, tmp_path, {}, gateway.database)
        with attune.people_key() as secret:
            async with gateway.client(secret) as vouching:
                api = Api(vouching, gateway.http)
                trial = await trial_module.try_out(Street(api, taste, CROWD), 2, 0.5, given, nothing)
        stop.set()
        await watching
    assert trial.outcome == outcome and trial.reason, trial.reason
    assert api.failures == []
    with gateway.database.read() as connection:
        now = deployments.current(connection)
    assert (now.live_version, now.canary_version) == (2 if outcome == "promoted" else 1, None)
    assert {one.version for one in trial.rated} == {1, 2}


async def test_a_home_in_which_people_have_voted_is_refused(gateway: Gateway, tmp_path: Path) -> None:
    answer = (await gateway.ask(user="ada")).json()
    await gateway.http.post("/v1/feedback", json={"completion_id": answer["id"], "value": 1, "user": "ada"})
    assert votes_of_people(gateway.database) == 1
    with pytest.raises(WrongUsage, match="has no admin"):
        async with given_attune(gateway.url, tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}"):
            pass
    (tmp_path / "admin.key").write_text(gateway.secret)
    with pytest.raises(WrongUsage, match="holds 1 votes of people"):
        async with given_attune(gateway.url, tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}"):
            pass
