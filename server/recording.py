"""Answers on their way into the ledger, and those of which nothing is kept on their way nowhere."""

import time
from dataclasses import dataclass, replace

from ledger import completions
from ledger.records import Choice, Completion, Status
from server.ledger_access import LedgerAccess
from server.metrics import Metrics
from server.transcript import Transcript


@dataclass(slots=True)
class Timing:
    """When a request came and when its first token went, on the performance counter, in seconds."""

    began: float
    first_token: float | None = None

    @property
    def ttft_ms(self) -> float | None:
        """Milliseconds to the first token; None while there is none."""
        return None if self.first_token is None else (self.first_token - self.began) * 1000

    @property
    def duration_ms(self) -> float:
        """Milliseconds until now."""
        return (time.perf_counter() - self.began) * 1000


def finished(
    draft: Completion, transcript: Transcript, timing: Timing, status: Status, error: str | None = None
) -> Completion:
    """Returns the row of an answer.

    Args:
        draft: The row as it was known before the answer.
        transcript: What the engine answered.
        timing: Of the request.
        status: How it ended.
        error: Why it broke off.
    """
    return replace(
        draft,
        choices=transcript.choices or _nothing_said(status),
        usage=transcript.usage,
        status=status,
        error=error,
        ttft_ms=timing.ttft_ms,
        duration_ms=timing.duration_ms,
    )


class Recorder:
    """Stores answers, and counts them."""

    def __init__(self, ledger: LedgerAccess, metrics: Metrics) -> None:
        self._ledger = ledger
        self._metrics = metrics

    async def record(self, completion: Completion) -> None:
        """Stores an answer; when this returns, it is on disk, unless its user was erased since they asked.

        One of which nothing is kept is only counted.

        Raises:
            LedgerError: It could not be stored.
        """
        if completion.kept == "nothing":
            self._count(completion)
            return
        try:
            await self._ledger.write(completions.insert_unless_erased, completion)
        except Exception:
            self._metrics.recording_failures.inc()
            raise
        self._count(completion)

    def record_later(self, completion: Completion) -> None:
        """Stores an answer for which nobody can wait any more; as `record`.

        Raises:
            Unavailable: The ledger's writer is closed, or too much waits for it.
        """
        if completion.kept != "nothing":
            self._ledger.write_later(completions.insert_unless_erased, completion)
        self._count(completion)

    def _count(self, completion: Completion) -> None:
        self._metrics.completions.labels(f"v{completion.model_version}", completion.route, completion.status).inc()
        usage = completion.usage or {}
        self._metrics.tokens.labels("prompt").inc(usage.get("prompt_tokens", usage.get("input_tokens", 0)) or 0)
        self._metrics.tokens.labels("completion").inc(
            usage.get("completion_tokens", usage.get("output_tokens", 0)) or 0
        )
        if completion.ttft_ms is not None:
            self._metrics.ttft.labels(completion.endpoint).observe(completion.ttft_ms / 1000)


def _nothing_said(status: Status) -> tuple[Choice, ...]:
    """An answer that was stopped before its first word is still an answer that can be shown and rated."""
    return (Choice(0, ""),) if status == "partial" else ()
