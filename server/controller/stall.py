"""Whether an engine hangs: pure logic, told the time and what was seen.

vLLM's /health only reads an error flag, and a hung engine answers it with 200. So only work counts as life: tokens that
were processed, or an answered completion of one token (the probe). A busy engine lets the probe wait behind other
requests, but its token counters move; an idle one moves no counters, but answers the probe. An engine that does
neither, though asked, hangs.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class StallDetector:
    """Judges one engine. Times are seconds of a monotonic clock.

    Attributes:
        timeout_s: How long an engine that is asked for something may show no progress.
        progress_at: When it last showed progress.
    """

    timeout_s: float
    progress_at: float
    _tokens: float | None = None
    _asked_at: float | None = None

    def saw_tokens(self, tokens: float, now: float) -> None:
        """The engine's counters say that it has processed `tokens` so far; any change is progress."""
        if self._tokens is not None and tokens != self._tokens:
            self._progressed(now)
        self._tokens = tokens

    def asked(self, now: float) -> None:
        """A probe was sent. While one waits, sending another changes nothing."""
        if self._asked_at is None:
            self._asked_at = now

    def answered(self, now: float) -> None:
        """A probe was answered."""
        self._progressed(now)

    @property
    def waiting(self) -> bool:
        """Whether a probe was sent, and no progress has been seen since."""
        return self._asked_at is not None

    def probe_due(self, now: float) -> bool:
        """Whether it is time to ask: nothing was seen for a third of the timeout, and no probe waits."""
        return self._asked_at is None and now - self.progress_at >= self.timeout_s / 3

    def stalled(self, now: float) -> bool:
        """Whether the engine hangs: it showed no progress for `timeout_s`, and had a third of that to answer a probe.

        The second half protects an engine whose watcher was itself held up, and asked late.
        """
        if self._asked_at is None:
            return False
        return now - self.progress_at >= self.timeout_s and now - self._asked_at >= self.timeout_s / 3

    def _progressed(self, now: float) -> None:
        self.progress_at = now
        self._asked_at = None
