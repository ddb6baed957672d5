"""What Prometheus reads at /metrics. Each app has its own registry, so that tests can make many."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from ledger.group_commit import Batch

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """The gateway's counters. Labels never hold what a client sent."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.requests = Counter(
            "attune_requests", "Requests answered.", ["route", "method", "status"], registry=registry
        )
        self.duration = Histogram(
            "attune_request_duration_seconds",
            "From request to last byte.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.ttft = Histogram(
            "attune_ttft_seconds", "From request to first token.", ["route"], buckets=_SECONDS, registry=registry
        )
        self.tokens = Counter("attune_tokens", "Tokens, as the engine counts them.", ["kind"], registry=registry)
        self.completions = Counter(
            "attune_completions", "Answers, kept or not.", ["version", "route", "status"], registry=registry
        )
        self.feedback = Counter("attune_feedback", "Feedback stored.", ["kind", "value"], registry=registry)
        self.upstream_errors = Counter(
            "attune_upstream_errors", "Requests that failed at the engine.", ["status"], registry=registry
        )
        self.recording_failures = Counter(
            "attune_recording_failures", "Answers that could not be recorded.", registry=registry
        )
        self._inflight = Gauge("attune_inflight", "Answers that engines generate.", registry=registry)
        self._queue = Gauge("attune_queue", "Requests that wait for a place.", registry=registry)
        self._schema_queue = Gauge(
            "attune_schema_queue", "Requests that wait to have a JSON schema compiled.", registry=registry
        )
        self._batch_size = Histogram(
            "attune_commit_batch_size", "Writes per commit.", buckets=_SIZES, registry=registry
        )
        self._commit = Histogram(
            "attune_commit_duration_seconds", "Begin to end of a commit.", buckets=_SECONDS, registry=registry
        )

    def watch_admission(
        self, running: Callable[[], float], waiting: Callable[[], float], compiling: Callable[[], float]
    ) -> None:
        """Reads the three gauges whenever somebody asks."""
        self._schema_queue.set_function(compiling)
        self._inflight.set_function(running)
        self._queue.set_function(waiting)

    def on_commit(self, batch: Batch) -> None:
        """Counts a commit."""
        self._batch_size.observe(batch.size)
        self._commit.observe(batch.duration_s)

    def text(self) -> bytes:
        """The metrics in Prometheus's text format."""
        return generate_latest(self.registry)
