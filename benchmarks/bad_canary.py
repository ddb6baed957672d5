"""A worse version on canary, and people who do not know it: it is rolled back, and how many of them saw it.

People come one after another, ask once through the gateway, and vote on the answer, each by an own taste: a good answer
gets a thumb up with a chance of 80 %, a bad one with `--bad`. The canary analysis of the controller does the rest. The
engines are fake ones, whose canary gives recognisably worse answers. `python -m benchmarks.bad_canary --help`.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import httpx
from tqdm import tqdm

from benchmarks import results
from benchmarks.intervals import percentile
from ledger import audit, deployments
from tests.small_installation import SmallInstallation

GOOD, BAD = "Gladly: here is what you asked for.", "No idea."
LIKED = 0.8
_AT_ONCE = 8


@dataclass(frozen=True)
class Trial:
    """One worse version from its first answer to its end.

    Attributes:
        outcome: What the audit says became of it; `none` if people ran out before.
        saw: People who were answered by it.
        people: All who came.
        misled: Answers whose text was not that of the version they named.
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
    bad: float
    moods: random.Random
    most: int
    came: int = 0
    saw: int = 0
    misled: int = 0

    async def come(self) -> None:
        """Lets people come, some at once, until there is no canary any more, or `most` have come."""
        headers = {"Authorization": f"Bearer {self.installation.secrets.app}"}
        names = count()
        async with aiohttp.ClientSession(headers=headers, trust_env=False) as session:
            await asyncio.gather(*(self._queue(session, names) for _ in range(_AT_ONCE)))

    async def _queue(self, session: aiohttp.ClientSession, names: "count[int]") -> None:
        while self.came < self.most:
            deployment = await asyncio.to_thread(self.installation.deployment)
            if deployment.canary_version != self.canary:
                return
            self.came += 1
            await self._person(session, f"person {next(names)} of v{self.canary}")

    async def _person(self, session: aiohttp.ClientSession, name: str) -> None:
        url = self.installation.base_url
        body = {"model": "attune", "messages": [{"role": "user", "content": "Well?"}], "user": name}
        async with session.post(f"{url}/chat/completions", json=body) as asked:
            asked.raise_for_status()
            answer, on_canary = await asked.json(), asked.headers["x-attune-version"] == f"attune@v{self.canary}"
        good = answer["choices"][0]["message"]["content"] == GOOD
        self.saw += on_canary
        self.misled += good == on_canary
        liked = self.moods.random() < (LIKED if good else self.bad)
        vote = {"completion_id": answer["id"], "value": 1 if liked else -1, "user": name}
        async with session.post(f"{url}/feedback", json=vote) as said:
            said.raise_for_status()


def trial(installation: SmallInstallation, number: int, share: float, bad: float, seed: int, most: int) -> Trial:
    """Puts a worse version on canary and lets people come."""
    installation.add_version(number, "full")
    installation.change(deployments.start_canary, number, share)
    installation.until_open(1, number)
    for row in installation.rows():
        _answers(row.url, BAD if row.version_number == number else GOOD)
    began = time.monotonic()
    crowd = Crowd(installation, number, bad, random.Random(seed), most)
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


def run(trials: int, share: float, bad: float, seed: int, most: int) -> list[Trial]:
    """One trial after another in the same installation, which ends early where a worse version went live."""
    found: list[Trial] = []
    with tempfile.TemporaryDirectory(prefix="attune-") as name:
        fast = {"canary_look_every_s": 0.5, "canary_min_age_s": 0}
        with SmallInstallation(Path(name), **fast) as installation:
            for place in tqdm(range(trials), desc="worse versions"):
                found.append(trial(installation, 2 + place, share, bad, seed + place, most))
                if found[-1].outcome == "promote":
                    break
    return found


def report(found: Sequence[Trial], share: float, bad: float) -> list[str]:
    """The trials as Markdown."""
    back = [one for one in found if one.outcome == "roll_back"]
    lines = [
        f"{len(found)} versions whose answers get {bad:.0%} thumbs up instead of {LIKED:.0%}, each on canary for "
        f"{share:.0%} of the people, every one of whom asks once and votes: {len(back)} were rolled back by the "
        f"canary analysis. Answers that were not their version's: {sum(one.misled for one in found)}.",
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
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--share", type=float, default=0.1, help="of the people who get the canary")
    parser.add_argument("--bad", type=float, default=0.4, help="chance of a thumb up for its answers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=int, default=5000, help="people per trial")
    options = parser.parse_args()
    found = run(options.trials, options.share, options.bad, options.seed, options.most)
    lines = report(found, options.share, options.bad)
    figures: dict[str, Any] = {"options": vars(options), "trials": [asdict(one) for one in found]}
    print("\n".join([*lines, "", f"written to {results.write('bad-canary', figures, lines)}"]))
    return 0 if all(one.outcome == "roll_back" and one.misled == 0 for one in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
