"""The steps of a round as they are in production: over the API, and by `attune align run`."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alignment.config import AlignConfig
from attune.simulate.chatting import Rated, Street, Turn
from attune.simulate.display import Display
from attune.simulate.divergence import kl_from_base
from attune.simulate.home import Attune
from attune.simulate.learning import as_toml, learn
from attune.simulate.loop import Learned, Measured, Plan, Trial
from attune.simulate.questions import Question
from attune.simulate.trial import try_out
from ledger import deployments, versions

_REACHES_GATEWAYS_S = 1.0
"""In how long a promotion reaches every gateway, so that none of the answers is of the version before."""

DEFAULT_CONFIG = Path(__file__).with_name("align.toml")


@dataclass(frozen=True, slots=True)
class RealSteps:
    """Steps on a running Attune.

    Attributes:
        config: Of the alignment runs, but for their seed.
    """

    attune: Attune
    street: Street
    plan: Plan
    config: AlignConfig
    display: Display

    async def chat(self, what: str, given: Sequence[Turn]) -> list[Rated]:
        """People take their turns."""
        with self.display.step(what, len(given)) as step:
            return await self.street.chat(given, step.advance)

    async def learn(self, number: int) -> Learned:
        """`attune align run`, in each round with another seed."""
        folder = self.attune.home / "simulation"
        folder.mkdir(exist_ok=True)
        config = folder / f"align-{number}.toml"
        settings = self.config.model_dump(mode="json", exclude_none=True) | {"seed": self.plan.seed * 1000 + number}
        config.write_text(as_toml(settings), encoding="utf-8")
        with self.display.step(f"round {number}: attune align run", None) as step:
            log = folder / f"align-{number}.log"
            found = await learn(self.attune.database, config, log, self.attune.environment, step.tell)
        self.display.round_done()
        return found

    async def try_out(self, version: int, given: Sequence[Turn]) -> Trial:
        """A canary, until it is decided or everybody has voted."""
        what = f"attune@v{version} is tried on {self.plan.share:.0%} of the people"
        with self.display.step(what, len(given)) as step:
            return await try_out(self.street, version, self.plan.share, given, step.advance)

    async def measure(self, asked: Sequence[Question], seed: int) -> Measured:
        """The live version answers what nobody votes on."""
        await asyncio.sleep(_REACHES_GATEWAYS_S)
        with self.display.step("the taste looks at the live version", len(asked)) as step:
            answers = await self.street.judge(asked, seed, step.advance)
        with self.attune.database.read() as connection:
            live = deployments.current(connection).live_version
            assert live is not None, "a gateway that answers has a live version"
            version = versions.get(connection, live)
            base = versions.get(connection, versions.base_of(connection, live))
        if version.number == base.number:
            return Measured(live, answers, None)
        rows = [(question, answer.text) for question, answer in zip(asked, answers, strict=True) if answer is not None]
        kl = kl_from_base(Path(base.path), Path(version.path), rows, self.plan.seed)
        return Measured(live, answers, kl.model_dump())
