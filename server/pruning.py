"""A running gateway prunes what the retention rules give up, in small steps between the writes of requests."""

import asyncio
import logging
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ledger.clock import utc_now
from ledger.errors import Busy, LedgerError
from ledger.retention import record, steps
from ledger.retention.amount import Amount
from ledger.retention.rules import RetentionRules
from ledger.retention.steps import LOCK, Plan, Read, Step, Write
from server.ledger_access import LedgerAccess

logger = logging.getLogger(__name__)

_FIRST_AFTER_S = 60.0
_MOST_BUSY = 0.1
"""Writes of requests wait for a step, so steps take at most this share of the time."""
_SHORTEST_PAUSE_S = 0.02


class Pruning:
    """Prunes now and then, in a task of its own."""

    def __init__(self, ledger: LedgerAccess, rules: RetentionRules, *, every_s: float, home: Path | None) -> None:
        self._ledger = ledger
        self._rules = rules
        self._every_s = every_s
        self._home = home

    async def run(self) -> None:
        """Works until it is cancelled; does nothing where `every_s` is 0."""
        pause_s = min(self._every_s, _FIRST_AFTER_S)
        while self._every_s:
            await asyncio.sleep(pause_s)
            pause_s = self._every_s
            try:
                await self.prune()
            except Busy:
                logger.info("Another process prunes this ledger.")
            except (LedgerError, OSError) as error:
                logger.warning("Pruning goes on in %g s: %s", pause_s, error)

    async def prune(self, now: datetime | None = None) -> Mapping[str, Amount]:
        """Prunes once, what is old at `now`; returns how much was removed of each kind.

        Raises:
            Busy: Another process does.
            LedgerError: The ledger cannot be used now; what was removed until then is removed.
            OSError: A file cannot be removed.
        """
        home = self._home if self._home is not None and self._home.is_dir() else None
        now = now or utc_now()
        async with self._ledger.exclusive(LOCK):
            found = await self._all_steps(Plan(self._rules, home, now))
        if home is not None:
            await asyncio.to_thread(record.write, home, found, now)
        if pruned := {kind: amount.count for kind, amount in found.items() if amount.count}:
            logger.info("Pruned: %s.", ", ".join(f"{count} {kind}" for kind, count in pruned.items()))
        return found

    async def _all_steps(self, plan: Plan) -> Mapping[str, Amount]:
        todo = steps.steps(plan)
        result: Any = None
        while True:
            try:
                step = todo.send(result)
            except StopIteration as done:
                return dict(done.value)
            result = await self._perform(step)

    async def _perform(self, step: Step) -> Any:
        if isinstance(step, Read):
            return await self._ledger.read(step.run)
        if not isinstance(step, Write):
            return await self._ledger.with_database(step.run)
        began = time.monotonic()
        result = await self._ledger.write(step.run)
        await asyncio.sleep(max(_SHORTEST_PAUSE_S, (time.monotonic() - began) / _MOST_BUSY))
        return result
