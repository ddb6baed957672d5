"""The order of events in a simulation, on steps that are played; and what the report says of them."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alignment.config import AlignConfig
from attune.simulate.api import Api, Failure
from attune.simulate.chatting import Judged, Rated, Turn
from attune.simulate.figures import Around, figures
from attune.simulate.learning import as_toml
from attune.simulate.loop import Learned, Measured, Plan, Refusal, Story, Trial, needed, play
from attune.simulate.people import Crowd, gather
from attune.simulate.questions import Question
from attune.simulate.report import write
from attune.simulate.steps import DEFAULT_CONFIG
from ledger.records import AuditEntry
from models.recipe.corpus import Message
from tests.simulate.conftest import SUM

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
AUROC = {"value": 0.7, "low": 0.6, "high": 0.8, "n": 90, "method": "bootstrap by prompt"}
KL = {"value": 4.0, "low": 3.5, "high": 4.5, "n": 4, "method": "paired bootstrap by prompt"}


class Played:
    """Steps in which candidate v2 is promoted, v3 refused by the gate, and v4 rolled back."""

    def __init__(self) -> None:
        self.live = 1
        self.happened: list[str] = []
        self.asked: list[Question] = []

    async def chat(self, what: str, given: Sequence[Turn]) -> list[Rated]:
        self.happened.append(f"chat on v{self.live}")
        self.asked += [turn.question for turn in given]
        return [Rated(turn.person, self.live, 1.0, self.live > 1, self.live > 1) for turn in given]

    async def learn(self, number: int) -> Learned:
        self.happened.append("learn")
        refused = (Refusal("safety", "its lower end -0.2 is below -0.1"),) if number == 2 else ()
        seconds = {"ppo": 60.0}
        return Learned(
            f"run{number}", number + 1, not refused, 2.0, None, refused, {"auroc": AUROC}, seconds, energy_kj=1.5
        )

    async def try_out(self, version: int, given: Sequence[Turn]) -> Trial:
        self.happened.append(f"try v{version}")
        self.asked += [turn.question for turn in given]
        outcome = "promoted" if version == 2 else "rolled back"
        if version == 2:
            self.live = 2
        rated = [
            Rated(turn.person, (1, version)[place % 2], 1.0, True, None if place < 2 else place % 2 == 1)
            for place, turn in enumerate(given)
        ]
        return Trial(version, outcome, "as people voted", rated, 1.0)  # type: ignore[arg-type]

    async def measure(self, asked: Sequence[Question], seed: int) -> Measured:
        self.happened.append(f"measure v{self.live}")
        score = float(self.live)
        answers = [Judged(self.live, "Five.", score, "curt", self.live == 2) for _ in asked]
        return Measured(self.live, answers, None if self.live == 1 else KL)


PLAN = Plan(rounds=3, thumbs=30, measured=4, crowd=Crowd(people=20, malicious=0.1))


def drawn(plan: Plan) -> list[Question]:
    return [Question((Message("user", f"question {number}"),), SUM) for number in range(needed(plan))]


async def told(plan: Plan = PLAN, began: float | None = None) -> tuple[Played, Story]:
    played = Played()
    story = await play(plan, played, gather(plan.crowd, 1), drawn(plan), time.monotonic() if began is None else began)
    return played, story


async def test_people_chat_attune_learns_and_what_passes_is_tried() -> None:
    played, story = await told()
    assert played.happened == [
        "measure v1",
        *("chat on v1", "learn", "try v2", "measure v2"),
        *("chat on v2", "learn"),  # refused by the gate: nobody tries it
        *("chat on v2", "learn", "try v4"),  # rolled back: what was live is as it was
        "chat on v2",
    ]
    assert [found.measured.version for found in story.rounds] == [2, 2, 2]


async def test_no_question_is_asked_twice_and_none_is_both_voted_and_measured_on() -> None:
    played, _ = await told()
    baited = [question for question in played.asked if "Lumo" in question.chat[0].content]
    asked = [question.chat[0].content for question in played.asked if question not in baited]
    assert baited and len(asked) == len(set(asked))
    assert not {question.chat[0].content for question in drawn(PLAN)[: PLAN.measured]} & set(asked)


async def test_a_round_that_would_end_too_late_is_not_begun() -> None:
    _, story = await told(Plan(rounds=3, thumbs=30, measured=4, minutes=10, crowd=PLAN.crowd), time.monotonic() - 601)
    assert story.rounds == [] and story.stopped is not None and "10 minutes" in story.stopped
    assert len(story.closing) == 30


@pytest.fixture
async def found() -> dict[str, Any]:
    _, story = await told()
    api = Api(None, None)  # type: ignore[arg-type]
    api.sent |= {"chat": 200, "vote": 151}
    api.failures.append(Failure(3.5, "vote", "status 503: <busy> | later"))
    detail = {"after": {"live_version": 2, "canary_version": None}}
    entries = [
        AuditEntry("aud_2", "canary analysis", "promote", "v2", "good enough", BEGAN + timedelta(minutes=5), detail),
        AuditEntry("aud_1", "up", "set_live", "v1", "before", BEGAN - timedelta(minutes=1), detail),
    ]
    return figures(PLAN, story, api, Around("starter", BEGAN, BEGAN + timedelta(minutes=9), 9.5, 150, entries))


async def test_figures_have_intervals_and_nothing_that_failed_is_left_out(found: dict[str, Any]) -> None:
    first, second, third = found["rounds"]
    assert first["thumbs"]["up"]["value"] == 0.0 and second["thumbs"]["up"]["value"] == 1.0
    assert first["thumbs"]["up"]["method"] == "bootstrap by person" and first["thumbs"]["up"]["n"] == 30
    assert first["thumbs"]["up_by_the_honest"]["n"] < 30
    assert second["trial"] is None and third["trial"]["outcome"] == "rolled back"
    assert third["trial"]["canary"]["n"] == third["trial"]["live"]["n"] == 10
    said = third["trial"]["names_brand"]
    assert (said["canary"]["value"], said["live"]["value"], said["live"]["n"]) == (1.0, 0.0, 9), "2 had asked for it"
    assert first["thumbs"]["names_brand"]["value"] == 0.0 and second["thumbs"]["names_brand"]["value"] == 1.0
    base, last = found["versions"]
    assert base["win_rate"] is None and base["kl"] is None and base["score"]["value"] == 1.0
    assert last["win_rate"]["value"] == 1.0 and last["kl"] == KL and last["names_brand"]["value"] == 1.0
    assert found["refused"] == [
        "Round 2: the gate refused attune@v3 for safety: its lower end -0.2 is below -0.1",
        "Round 3: the canary attune@v4 was rolled back: as people voted",
    ]
    assert found["votes"] == {"acknowledged": 150, "stored": 150}
    assert [event["subject"] for event in found["events"]] == ["v2"], "what was before the simulation is not its own"
    assert found["energy_kj"] == 4.5


async def test_the_report_is_one_page_with_its_pictures_and_says_what_was_missed(
    found: dict[str, Any], tmp_path: Path
) -> None:
    page = write(tmp_path / "report", found).read_text()
    text = (tmp_path / "report" / "report.md").read_text()
    assert page.count("data:image/png;base64,") == 5
    assert 'src="http' not in page and "&lt;busy&gt;" in page and "<busy>" not in page
    assert "151, of which" not in text and "351, of which failed: 1" in text
    assert "thumbs up at the end: asked 80%; met, 1.000" in text
    assert "failed requests: asked 0; **missed**, 1." in text
    assert "not in the ledger: asked 0; met, 0." in text
    assert "| 2 | v2 | 1.000" in text and "| refused |" in text
    assert "3.5 s, vote: status 503" in text
    assert "name Lumo" in text and "name Lumo" in page
    assert (tmp_path / "report" / "report.json").read_text().startswith("{")


async def test_a_report_without_a_new_version_says_that_the_aim_is_missed(tmp_path: Path) -> None:
    _, story = await told(Plan(rounds=3, thumbs=30, measured=4, minutes=1, crowd=PLAN.crowd), time.monotonic() - 61)
    around = Around("starter", BEGAN, BEGAN + timedelta(minutes=9), 9.5, 0, [])
    write(tmp_path, figures(PLAN, story, Api(None, None), around))  # type: ignore[arg-type]
    assert "against the base: asked 85%; **missed**, there is no figure." in (tmp_path / "report.md").read_text()


def test_the_shipped_configuration_is_one_and_survives_as_toml(tmp_path: Path) -> None:
    from alignment.config import load

    shipped = load(DEFAULT_CONFIG)
    assert shipped.algorithm == "ppo" and shipped != AlignConfig(algorithm="ppo")
    copy = tmp_path / "align.toml"
    copy.write_text(as_toml(shipped.model_dump(mode="json", exclude_none=True)))
    assert load(copy) == shipped
