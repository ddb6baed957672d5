"""After an erasing: the gateway removes what is left of it on disk, at once and until it has succeeded."""

import asyncio
import logging
import time
from contextlib import suppress

from ledger import vacuums
from ledger.erased_copies import Copies
from ledger.errors import LedgerError
from server.ledger_access import LedgerAccess

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 60
"""Another gateway or a command can have erased something, and a run can have written a file since."""
_FIRST_RETRY_S = 1.0
# Rewriting the database keeps writers waiting, for at most this share of the time.
_MOST_BUSY = 0.05
_LONGEST_PAUSE_S = 600.0


class ErasedCopies:
    """Removes the copies of what was erased, in a task of its own."""

    def __init__(self, ledger: LedgerAccess, copies: Copies | None) -> None:
        self._ledger = ledger
        self._copies = copies
        self._wanted = asyncio.Event()
        self._wanted.set()  # what was left when the last process ended
        self._finished = asyncio.Condition()
        self._rounds_begun = 0
        self._rounds_succeeded = 0

    async def erased(self, wait_s: float = 0) -> None:
        """Says that something was erased, and waits for its copies to be gone, but no longer than `wait_s`."""
        begun = self._rounds_begun
        self._wanted.set()
        if wait_s:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s), self._finished:
                    await self._finished.wait_for(lambda: self._rounds_succeeded > begun)

    async def run(self) -> None:
        """Works until it is cancelled."""
        retry_s = _FIRST_RETRY_S
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), LOOK_EVERY_S)
            self._wanted.clear()
            self._rounds_begun += 1
            began = time.monotonic()
            try:
                await self._remove()
            except (LedgerError, OSError) as error:
                logger.warning("Copies of what was erased are left, for %g s at least: %s", retry_s, error)
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, LOOK_EVERY_S)
                self._wanted.set()
                continue
            retry_s = _FIRST_RETRY_S
            async with self._finished:
                self._rounds_succeeded = self._rounds_begun
                self._finished.notify_all()
            await asyncio.sleep(min((time.monotonic() - began) / _MOST_BUSY, _LONGEST_PAUSE_S))

    async def _remove(self) -> None:
        try:
            await self._remove_files()
        finally:
            if await self._ledger.read(vacuums.waiting_since) is not None:
                await self._ledger.maintain(vacuums.fulfil)

    async def _remove_files(self) -> None:
        if self._copies is not None:
            removed = await self._ledger.with_database(self._copies.remove_files)
            if removed:
                logger.info("%d files of erased feedback were removed.", len(removed))
