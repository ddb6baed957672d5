"""Ends the controller when its event loop is stuck: the supervisor then starts another.

A stuck loop watches no engine and says nothing to the ledger. Nothing that runs in the loop can notice that, and no
thread of Python's can where the interpreter itself is held, so a thread of the C library's does (`faulthandler`).
"""

import asyncio
import faulthandler
from contextlib import suppress

_ROUNDS = 10
"""So often within the bound the loop says that it goes on."""


async def exit_when_stuck(bound_s: float, stop: asyncio.Event) -> None:
    """Ends this process with status 1, and what every thread was doing on stderr, when the loop stands still.

    Returns, and watches no longer, when `stop` is set: whoever stops the loop has a bound of its own.

    Args:
        bound_s: How long the loop may stand still, in seconds. A machine without memory holds it up as well, so this
            is no less than an engine is given then.
        stop: Set when the loop is to end.
    """
    while not stop.is_set():
        faulthandler.dump_traceback_later(bound_s, exit=True)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), bound_s / _ROUNDS)
