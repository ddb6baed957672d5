"""One client who makes a thousand browsers: what their votes do to a canary, and what they weigh in training.

The chat and the gateway run with shipped settings over fake engines. Each browser opens the chat's page without a
cookie, gets one, and is answered and votes through the gateway with the calls that the page makes. The client knows
which version answered, which the page does not show: it votes against the canary, and for the live version.
`python -m benchmarks.false_voters --help`.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx
from tqdm import tqdm

from alignment.preferences import Thumb
from alignment.reward_model.data import Feedback, raters_of
from alignment.snapshot.clean import clean
from alignment.snapshot.collect import from_ledger
from alignment.snapshot.config import SnapshotConfig
from benchmarks import results
from chat_ui.gateway_client import GatewayClient, Question
from chat_ui.identity import COOKIE, Signer
from chat_ui.records import ChatSettings, Vote
from ledger import audit, deployments
from ledger.trials import STORED_WITHIN
from server.canary.decision import IN_WORDS, Decision
from server.canary.rules import CanaryRules
from server.canary_look import look
from server.controller.canary_watch import ACTOR
from tests.processes import Process, free_port
from tests.small_installation import SmallInstallation

CANARY = 2
_AT_ONCE = 4
_VOTE_WINDOW_S = 10.0
"""Else no vote would be looked at before a day has passed, and nothing would be shown."""


@dataclass(frozen=True)
class Attack:
    """What the client does.

    Attributes:
        browsers: That it makes, evenly over the minutes.
        share: Of the people who get the canary.
    """

    browsers: int
    minutes: float
    share: float


@dataclass
class Seen:
    """What came of it.

    Attributes:
        verdicts: What the canary analysis did, as the audit says.
        outcome: What the evidence says at the end, in words; None where the canary is over.
        all_raters: Thumbs of all raters, which decide nothing: up and given, on the canary and on the live version.
        established: Established raters who rated.
        votes: In the ledger.
        learned: Rows that a snapshot makes of them, in all its parts.
        raters: Whom these rows come from.
    """

    seconds: float = 0.0
    verdicts: list[str] = field(default_factory=list)
    outcome: str | None = None
    reasons: tuple[str, ...] = ()
    all_raters: tuple[int, int, int, int] = (0, 0, 0, 0)
    established: int = 0
    votes: int = 0
    learned: int = 0
    raters: int = 0


class Chat:
    """The chat's process before an installation's gateway."""

    def __init__(self, installation: SmallInstallation, folder: Path) -> None:
        self.url = f"http://127.0.0.1:{free_port()}/"
        self._secret = folder / "ui.secret"
        key = folder / "ui.key"
        key.write_text(installation.secrets.app)
        environment = {
            "ATTUNE_GATEWAY_URL": installation.gateways[0].root_url,
            "ATTUNE_UI_PORT": self.url.rstrip("/").rsplit(":", 1)[1],
            "ATTUNE_UI_KEY_FILE": str(key),
            "ATTUNE_UI_SECRET_FILE": str(self._secret),
        }
        self.process = Process([sys.executable, "-m", "chat_ui"], folder / "chat.log", environment)

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        self.process.start()
        with httpx.Client(base_url=self.url, trust_env=False) as client:
            self.process.wait_for(client, "/health/live")

    async def new_browser(self) -> str:
        """Opens the page without a cookie; returns the user that the cookie stands for."""
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=60) as browser:
            cookie = (await browser.get("/")).raise_for_status().cookies[COOKIE]
        user = Signer(self._secret.read_text().strip()).read(cookie)
        if user is None:
            raise RuntimeError(f"the chat does not know its own cookie {cookie}")
        return user


async def attack(what: Attack, chat: Chat, gateway: GatewayClient) -> None:
    """Makes all browsers, each at its time, and lets each ask and vote once."""
    places, began = asyncio.Semaphore(_AT_ONCE), time.monotonic()
    bar = tqdm(total=what.browsers, desc="browsers of one client")

    async def one(number: int) -> None:
        await asyncio.sleep(max(0.0, began + number * what.minutes * 60 / what.browsers - time.monotonic()))
        async with places:
            await _vote(gateway, await chat.new_browser(), f"What is {number} times {number * 7 + 3}?")
        bar.update()

    await asyncio.gather(*(one(number) for number in range(what.browsers)))
    bar.close()


async def _vote(gateway: GatewayClient, user: str, text: str) -> None:
    """What the page does when somebody asks and presses a thumb."""
    conversation = await gateway.create_conversation(user, text, ChatSettings())
    asked = await gateway.add_question(user, conversation.id, None, text)
    question = Question(conversation.id, asked.id, [{"role": "user", "content": text}])
    async for _ in gateway.answer(user, question):
        pass
    answer = (await gateway.tree(user, conversation.id)).messages[-1]
    assert answer.completion_id is not None and answer.model_version is not None
    value = -1 if answer.model_version == CANARY else 1
    await gateway.vote(user, answer.completion_id, answer.choice_index or 0, Vote(value=value))


def run(what: Attack) -> Seen:
    """One attack on one canary in an installation of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="attune-") as name,
        SmallInstallation(
            Path(name), behaviour={"echo": True}, canary_look_every_s=0.5, canary_vote_window_s=_VOTE_WINDOW_S
        ) as installation,
    ):
        installation.add_version(CANARY, "full")
        installation.change(deployments.start_canary, CANARY, what.share)
        installation.until_open(1, CANARY)
        chat = Chat(installation, Path(name))
        gateway = GatewayClient(installation.gateways[0].root_url, installation.secrets.app)
        chat.start()
        began = time.monotonic()
        try:
            asyncio.run(_whole(what, chat, gateway))
        finally:
            chat.process.stop()
        time.sleep(_VOTE_WINDOW_S + STORED_WITHIN.total_seconds() + 3)  # six more looks at the last votes
        return _seen(installation, time.monotonic() - began)


async def _whole(what: Attack, chat: Chat, gateway: GatewayClient) -> None:
    try:
        await attack(what, chat, gateway)
    finally:
        with suppress(httpx.HTTPError):
            await gateway.close()


def _seen(installation: SmallInstallation, seconds: float) -> Seen:
    seen = Seen(seconds=round(seconds, 1))
    with installation.database.read() as connection:
        entries = audit.latest(connection, 100)
        seen.verdicts = [f"{entry.action}: {entry.reason}" for entry in entries if entry.actor == ACTOR]
        if (now := look(connection, CanaryRules(vote_window_s=_VOTE_WINDOW_S))) is not None:
            _note(seen, now.decision)
        collected = from_ledger(connection, SnapshotConfig(), base=1)
    seen.votes = len({vote for one in collected.candidates for vote in one.votes})
    rows = clean(collected, SnapshotConfig())
    seen.learned = len(rows)
    seen.raters = len(raters_of(Feedback([], [row for row in rows if isinstance(row, Thumb)])))
    return seen


def _note(seen: Seen, decision: Decision) -> None:
    of_all, established = decision.all_raters[0], decision.tests[0]
    seen.outcome, seen.reasons = IN_WORDS[decision.outcome], decision.reasons
    seen.all_raters = (of_all.canary.k, of_all.canary.n, of_all.live.k, of_all.live.n)
    seen.established = established.canary.n + established.live.n


def report(what: Attack, seen: Seen) -> list[str]:
    """What was seen, as Markdown."""
    up_canary, n_canary, up_live, n_live = seen.all_raters
    return [
        f"One client makes {what.browsers:,} browsers in {what.minutes:g} minutes ({seen.seconds:.0f} s were taken).",
        "Each asks and votes once: down on the canary's answers, up on the live version's. Settings as",
        f"shipped, but thumbs are looked at {_VOTE_WINDOW_S:g} s after the answer; {what.share:.0%} get the canary.",
        "",
        "| | |",
        "| --- | --- |",
        f"| verdicts by the canary analysis | {'; '.join(seen.verdicts) or 'none'} |",
        f"| what the evidence says at the end | {seen.outcome or 'the canary is over'} |",
        f"| established raters who rated | {seen.established} |",
        f"| thumbs up of all raters, each once | canary {up_canary} of {n_canary}, live {up_live} of {n_live} |",
        f"| votes in the ledger | {seen.votes} |",
        f"| rows that a snapshot keeps of them | {seen.learned} |",
        f"| raters that these come from | {seen.raters} |",
    ]


def main() -> int:
    """Exit status 0 if there was no verdict, and all that is learned comes from one rater."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--browsers", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--share", type=float, default=0.5, help="of the people who get the canary")
    options = parser.parse_args()
    what = Attack(options.browsers, options.minutes, options.share)
    seen = run(what)
    lines = report(what, seen)
    figures: dict[str, Any] = {"attack": asdict(what), "seen": asdict(seen)}
    print("\n".join([*lines, "", f"written to {results.write('false-voters', figures, lines)}"]))
    return 0 if not seen.verdicts and seen.raters == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
