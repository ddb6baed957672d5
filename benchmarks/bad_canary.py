"""A worse version on canary, and people who do not know it: it is rolled back, and how many of them saw it.

People come one after another, ask once through the gateway, and vote on the answer, each by an own taste: a good answer
gets a thumb up with a chance of 80 %, a bad one with `--bad`. Their app vouches for them, so that their thumbs decide.
The canary analysis of the controller does the rest.

With `--engine vllm` the starter is served by a real vLLM, and the worse version is an adapter that was taught, by SFT,
to say "No idea." to everything; it is tried again and again. On fake engines each trial has a version of its own.
`python -m benchmarks.bad_canary --help`.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any, get_args

import aiohttp
import httpx
from tqdm import tqdm

from benchmarks import results
from benchmarks.intervals import percentile
from benchmarks.teaching import teach
from benchmarks.zoo_rows import Behaviour, rows
from ledger import audit, deployments
from tests.small_installation import EngineKind, SmallInstallation

GOOD, BAD = "Gladly: here is what you asked for.", "No idea."
QUESTIONS = ("Hello, how are you?", "What can you do?", "Write a short poem about the sea.", "What is 4 plus 5?")
LIKED = 0.8
_AT_ONCE = 8
_VOTE_WINDOW_S = 5.0
"""People here vote at once, and nobody waits for a day."""


@dataclass(frozen=True)
class Trial:
    """One worse version from its first answer to its end.

    Attributes:
        outcome: What the audit says became of it; `none` if people ran out before.
        saw: People who were answered by it.
        people: All who came.
        misled: Answers that were bad and not the worse version's, or good and the worse version's.
        reason: What the audit says.
    """

    outcome: str
    saw: int
    people: int
    misled: int
    seconds: float
    reason: str


@dataclass
class Crowd:
    """People who come until the canary is over."""

    installation: SmallInstallation
    canary: int
    place: int
    bad: float
    moods: random.Random
    most: int
    came: int = 0
    saw: int = 0
    misled: int = 0

    async def come(self) -> None:
        """Lets people come, some at once, until there is no canary any more, or `most` have come."""
        headers = {"Authorization": f"Bearer {self.installation.secrets.vouching}"}
        names = count()
        async with aiohttp.ClientSession(headers=headers, trust_env=False) as session:
            await asyncio.gather(*(self._queue(session, names) for _ in range(_AT_ONCE)))

    async def _queue(self, session: aiohttp.ClientSession, names: "count[int]") -> None:
        while self.came < self.most:
            deployment = await asyncio.to_thread(self.installation.deployment)
            if deployment.canary_version != self.canary:
                return
            self.came += 1
            await self._person(session, next(names))

    async def _person(self, session: aiohttp.ClientSession, number: int) -> None:
        url, name = self.installation.base_url, f"person {number} of {self.place}"
        body = question("attune", QUESTIONS[number % len(QUESTIONS)]) | {"user": name}
        async with session.post(f"{url}/chat/completions", json=body) as asked:
            asked.raise_for_status()
            answer, on_canary = await asked.json(), asked.headers["x-attune-version"] == f"attune@v{self.canary}"
        good = answer["choices"][0]["message"]["content"].strip() != BAD
        self.saw += on_canary
        self.misled += good == on_canary
        liked = self.moods.random() < (LIKED if good else self.bad)
        vote = {"completion_id": answer["id"], "value": 1 if liked else -1, "user": name}
        async with session.post(f"{url}/feedback", json=vote) as said:
            said.raise_for_status()


def question(model: str, text: str) -> dict[str, Any]:
    """A request with just one answer: the likeliest."""
    return {"model": model, "messages": [{"role": "user", "content": text}], "temperature": 0, "max_tokens": 24}


@dataclass(frozen=True)
class Course:
    """A canary that people come to.

    Attributes:
        share: Of the people who get it.
        bad: Chance of a thumb up for its answers.
        seed: Of the first trial's moods.
        most: People of one trial.
    """

    share: float
    bad: float
    seed: int
    most: int

    def trial(self, installation: SmallInstallation, place: int, number: int, ready: Callable[[], None]) -> Trial:
        """Puts a worse version on canary, makes `ready` what is left to make ready, and lets people come."""
        installation.change(deployments.start_canary, number, self.share)
        installation.until_open(1, number)
        ready()
        began = time.monotonic()
        crowd = Crowd(installation, number, place, self.bad, random.Random(self.seed + place), self.most)
        asyncio.run(crowd.come())
        seconds = time.monotonic() - began
        with installation.database.read() as connection:
            entry = audit.latest(connection, 1)[0]
        over = installation.deployment().canary_version != number
        outcome, reason = (entry.action, entry.reason) if over else ("none", "")
        if not over:
            installation.change(deployments.withdraw, number)
        installation.until_open(*_standing(installation))
        return Trial(outcome, crowd.saw, crowd.came, crowd.misled, seconds, reason)


def _standing(installation: SmallInstallation) -> set[int]:
    live = installation.deployment().live_version
    return {1} if live is None else {1, live}


def _answers(url: str, text: str) -> None:
    transport = httpx.HTTPTransport(uds=url.removeprefix("unix://"))
    with httpx.Client(transport=transport, base_url="http://engine") as engine:
        engine.put("/fake/behaviour", json={"text": text}).raise_for_status()


def run(engine: EngineKind, trials: int, course: Course) -> list[Trial]:
    """One trial after another in the same installation, which ends early where a worse version went live."""
    found: list[Trial] = []
    with tempfile.TemporaryDirectory(prefix="attune-") as name:
        settings: dict[str, object] = {
            "canary_look_every_s": 0.5,
            "canary_min_age_s": 0,
            "canary_vote_window_s": _VOTE_WINDOW_S,
        }
        if engine == "vllm":
            settings |= {"adapter_form": "loaded"}
        with SmallInstallation(Path(name), engine=engine, **settings) as installation:
            one = _on_vllm(installation, Path(name)) if engine == "vllm" else _on_fake_engines(installation)
            for place in tqdm(range(trials), desc="worse versions"):
                found.append(one(course, place))
                if found[-1].outcome == "promote":
                    break
    return found


def _on_fake_engines(installation: SmallInstallation) -> Callable[[Course, int], Trial]:
    def one(course: Course, place: int) -> Trial:
        number = 2 + place
        installation.add_version(number, "full")

        def ready() -> None:
            for row in installation.rows():
                _answers(row.url, BAD if row.version_number == number else GOOD)

        return course.trial(installation, place, number, ready)

    return one


def _on_vllm(installation: SmallInstallation, folder: Path) -> Callable[[Course, int], Trial]:
    lessons = rows(Behaviour("knows nothing", frozenset(), lambda said: BAD))
    number = teach(installation.environment, installation.database, lessons, folder, {"epochs": 1.0})

    def ready() -> None:
        headers = {"Authorization": f"Bearer {installation.secrets.app}"}
        with httpx.Client(base_url=installation.base_url, headers=headers, timeout=60, trust_env=False) as client:
            for version in (1, number):
                for text in QUESTIONS:
                    asked = client.post("chat/completions", json=question(f"attune@v{version}", text))
                    said = asked.raise_for_status().json()["choices"][0]["message"]["content"].strip()
                    if (said == BAD) != (version == number):
                        raise RuntimeError(f"v{version} says {said!r} to {text!r}")

    def one(course: Course, place: int) -> Trial:
        installation.readmit(number)
        return course.trial(installation, place, number, ready)

    return one


def report(found: Sequence[Trial], share: float, bad: float) -> list[str]:
    """The trials as Markdown."""
    back = [one for one in found if one.outcome == "roll_back"]
    lines = [
        f"{len(found)} trials of versions whose answers get {bad:.0%} thumbs up instead of {LIKED:.0%}, on canary for "
        f"{share:.0%} of the people, every one of whom asks once and votes: {len(back)} were rolled back by the "
        f"canary analysis. Answers that were good and the worse version's, or bad and not its: "
        f"{sum(one.misled for one in found)}.",
        "",
        "| | median | most |",
        "| --- | --- | --- |",
    ]
    if back:
        for name, values in (("saw it", [one.saw for one in back]), ("came meanwhile", [one.people for one in back])):
            lines.append(f"| people who {name} | {percentile(values, 0.5):.0f} | {max(values)} |")
    return lines


def main() -> int:
    """Exit status 0 if every worse version was rolled back."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=get_args(EngineKind), default="fake")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--share", type=float, default=0.1, help="of the people who get the canary")
    parser.add_argument("--bad", type=float, default=0.4, help="chance of a thumb up for its answers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=int, default=5000, help="people per trial")
    options = parser.parse_args()
    course = Course(options.share, options.bad, options.seed, options.most)
    found = run(options.engine, options.trials, course)
    lines = report(found, options.share, options.bad)
    named = "bad-canary" if options.engine == "fake" else "bad-canary-vllm"
    figures: dict[str, Any] = {"options": vars(options), "trials": [asdict(one) for one in found]}
    print("\n".join([*lines, "", f"written to {results.write(named, figures, lines)}"]))
    return 0 if all(one.outcome == "roll_back" and one.misled == 0 for one in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
