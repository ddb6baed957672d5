"""A canary among the simulated people: started as an operator does, decided by the controller on their votes."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attune.simulate.api import Api
from attune.simulate.chatting import AT_ONCE, Rated, Street, Turn
from attune.simulate.errors import SimulationFailed
from attune.simulate.loop import Outcome, Trial

LOOK_EVERY_S = 1.0
SETTLING_S = 35.0
"""How long the controller gets to look at the last votes before a canary is withdrawn: `canary_vote_window_s` of the
simulation's settings, and five of its looks."""

_OUTCOMES: Mapping[str, Outcome] = {"promote": "promoted", "roll_back": "rolled back", "withdraw": "undecided"}
READY_WITHIN_S = 900.0
_UNREACHABLE_TRIES = 120


async def try_out(street: Street, version: int, share: float, given: Sequence[Turn], done: Callable[[], None]) -> Trial:
    """Starts a canary, waits for its engine, and lets people chat until it is decided; if it is not, withdraws it.

    Nobody chats before its engine is ready: a person's first vote alone counts, and would go to the live version.

    Args:
        street: Where people chat.
        version: To be tried; it has passed the gate.
        share: Of the people who get it.
        given: Turns, one for each person.
        done: Called after each turn, for a progress bar.

    Raises:
        SimulationFailed: The gateway refused the canary.
    """
    api, began = street.api, time.monotonic()
    await api.change("canary", {"version": version, "share": share, "reason": "passed the gate"})
    rated: list[Rated] = []
    if not await _ready(api, version):
        await _withdraw(api, version, f"no engine was ready with it within {READY_WITHIN_S:.0f} s")
    for start in range(0, len(given), AT_ONCE):
        if not await _is_tried(api, version):
            break
        batch = given[start : start + AT_ONCE]
        rated += await street.chat(batch, done)
    settled = time.monotonic() + SETTLING_S
    while await _is_tried(api, version) and time.monotonic() < settled:
        await asyncio.sleep(LOOK_EVERY_S)
    await _withdraw(api, version, "every simulated person has voted, and the evidence does not suffice")
    action, reason = await _end(api, version)
    return Trial(version, _OUTCOMES[action], reason, rated, (time.monotonic() - began) / 60)


async def _is_tried(api: Api, version: int) -> bool:
    return bool((await _deployment(api))["canary"] == version)


async def _ready(api: Api, version: int) -> bool:
    """Whether an engine became ready with the canary, or the canary has ended, which says as much."""
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        if not await _is_tried(api, version) or await api.is_loaded(version):
            return True
        await asyncio.sleep(LOOK_EVERY_S)
    return False


async def _withdraw(api: Api, version: int, reason: str) -> None:
    """Ends the canary, unless the controller has, be it in this moment."""
    if await _is_tried(api, version):
        try:
            await api.change("withdraw", {"version": version, "reason": reason})
        except SimulationFailed:
            if await _is_tried(api, version):
                raise


async def _end(api: Api, version: int) -> tuple[str, str]:
    """The change that ended the canary, and its reason."""
    changes = (await _deployment(api))["changes"]
    ends = [change for change in changes if change["subject"] == f"v{version}" and change["action"] in _OUTCOMES]
    return str(ends[0]["action"]), str(ends[0]["reason"])


async def _deployment(api: Api) -> dict[str, Any]:
    """What should run; asked again where the gateway did not say, each time as a failed request.

    Raises:
        SimulationFailed: It did not say for minutes.
    """
    for _ in range(_UNREACHABLE_TRIES):
        if (found := await api.deployment()) is not None:
            return found
        await asyncio.sleep(LOOK_EVERY_S)
    raise SimulationFailed(f"The gateway does not answer any more: {api.failures[-1].why}")
