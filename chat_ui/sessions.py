"""Whose tab is it: a tab's session belongs to the first person who used it.

Gradio lets each tab choose the name of its session, and whoever names it reads what the tab is sent.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

LONGEST_NAME = 64
MOST_OF_ONE_USER = 64
MOST_USERS = 20_000
LIFETIME_S = 24 * 3600.0


@dataclass(slots=True)
class _Tabs:
    """The sessions of one user, the one used last at the end."""

    used_at: float
    names: OrderedDict[str, None] = field(default_factory=OrderedDict)


class SessionOwners:
    """Keeps who owns which session: of each user the last ones used, and of users those of the last day."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._owner: dict[str, str] = {}
        self._tabs: OrderedDict[str, _Tabs] = OrderedDict()

    def claim(self, name: str, user: str) -> bool:
        """Whether the session is this user's; one that nobody has used becomes it."""
        if self._owner.setdefault(name, user) != user:
            return False
        tabs = self._tabs.setdefault(user, _Tabs(self._clock()))
        tabs.used_at = self._clock()
        tabs.names[name] = None
        tabs.names.move_to_end(name)
        self._tabs.move_to_end(user)
        if len(tabs.names) > MOST_OF_ONE_USER:
            forgotten, _ = tabs.names.popitem(last=False)
            del self._owner[forgotten]
        self._forget_old_users()
        return True

    def _forget_old_users(self) -> None:
        while self._tabs:
            oldest = next(iter(self._tabs.values()))
            if len(self._tabs) <= MOST_USERS and self._clock() - oldest.used_at < LIFETIME_S:
                return
            _, tabs = self._tabs.popitem(last=False)
            for name in tabs.names:
                del self._owner[name]
