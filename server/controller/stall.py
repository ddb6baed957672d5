"""Whether an engine hangs: pure logic, told the time and what was seen.

vLLM's /health only reads an error flag, and a hung engine answers it with 200. So only work counts as life: tokens that
were processed, or an answered completion of one token (the probe). A busy engine lets the probe wait behind other
requests, but its token counters move; an idle one moves no counters, but answers the probe. An engine that does
neither, though asked, hangs.

Silence is no evidence where something else explains it: the watcher itself was held up, the machine stood still, or the
engine computes, as while it compiles a grammar. Such time has bounds of its own: docs/decisions/0017-silent-engines.md.
"""

from dataclasses import dataclass
from typing import Literal

Cause = Literal["silent", "busy", "starved"]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an engine that is asked for something may show no progress, in seconds.

    Attributes:
        silent_s: While nothing explains it.
        busy_s: While its processes compute.
        starved_s: While the machine or the watcher stood still.
    """

    silent_s: float
    busy_s: float
    starved_s: float


@dataclass(frozen=True, slots=True)
class Tick:
    """What a watcher saw since its last look.

    Attributes:
        now: When it looks, in seconds of a monotonic clock.
        late_s: How much later it looks than it should, where that is worth a mention.
        starved: Whether the machine stood still for want of memory or of its disk.
        busy: Whether the engine's processes computed, or queued for a core.
    """

    now: float
    late_s: float = 0.0
    starved: bool = False
    busy: bool = False


@dataclass(slots=True)
class StallDetector:
    """Judges one engine, by the time since it last showed progress, apart by what explains its silence.

    Attributes:
        patience: Its bounds.
        looked_at: When the watcher looked last, in seconds of a monotonic clock.
    """

    patience: Patience
    looked_at: float
    _tokens: float | None = None
    _asked: bool = False
    _silent_s: float = 0
    _busy_s: float = 0
    _starved_s: float = 0
    _waited_s: float = 0

    def saw_tokens(self, tokens: float) -> None:
        """The engine's counters say that it has processed `tokens` so far; any change is progress."""
        if self._tokens is not None and tokens != self._tokens:
            self.answered()
        self._tokens = tokens

    def asked(self) -> None:
        """A probe was sent. While one waits, sending another changes nothing."""
        self._asked = True

    def answered(self) -> None:
        """A probe was answered."""
        self._asked = False
        self._silent_s = self._busy_s = self._starved_s = self._waited_s = 0

    def ticked(self, tick: Tick) -> None:
        """Adds the time since the last look to what explains it.

        Of a late look only the delay is explained. Where cores are short, an engine that works queues for them, which
        is seen; one that is stopped queues for nothing, and must not be excused for as long as the cores are short.
        """
        passed, self.looked_at = tick.now - self.looked_at, tick.now
        explained = passed if tick.starved else min(tick.late_s, passed)
        self._starved_s += explained
        passed -= explained
        if tick.busy:
            self._busy_s += passed
        else:
            self._silent_s += passed
            self._waited_s += passed if self._asked else 0

    @property
    def waiting(self) -> bool:
        """Whether a probe was sent, and no progress has been seen since."""
        return self._asked

    @property
    def excused_s(self) -> float:
        """How much of the time since the last progress something explains."""
        return self._busy_s + self._starved_s

    @property
    def probe_due(self) -> bool:
        """Whether it is time to ask: nothing was seen for a third of the bound, and no probe waits."""
        return not self._asked and self._silent_s + self._busy_s + self._starved_s >= self.patience.silent_s / 3

    @property
    def hangs(self) -> Cause | None:
        """Whether the engine hangs, and which bound it has passed; None if it does not, or was not asked.

        Two thirds of the bound must be time that nothing explains, so that an engine has them to recover in once the
        machine does; time in which the machine stood still may be the first third. And it must have had a third of the
        bound to answer a probe, which protects an engine whose watcher asked late.
        """
        patience = self.patience
        if not self._asked:
            return None
        silent_s = self._silent_s + min(self._starved_s, patience.silent_s / 3)
        if silent_s >= patience.silent_s and self._waited_s >= patience.silent_s / 3:
            return "silent"
        if self._busy_s >= patience.busy_s:
            return "busy"
        return "starved" if self._starved_s >= patience.starved_s else None
