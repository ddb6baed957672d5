"""Attestation: does an engine serve the weights that were registered?

A version is registered with the log-probabilities of a few fixed texts, computed by transformers in float32. After
every load the engine is asked for the same ones. vLLM computes them anew for this: it takes no `prompt_logprobs` from
its prefix cache. How far the two may lie apart, and why: docs/rollout.md.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from ledger import audit, versions
from ledger.database import Database
from ledger.errors import Unavailable
from ledger.records import Json, ModelVersion
from server.controller.client import EngineClient
from server.controller.errors import ProbeFailed

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Distance:
    """How far two lists of log-probabilities lie apart, in nats: half of the tokens less, and on average."""

    median: float
    mean: float

    def within(self, allowed: "Distance") -> bool:
        """Whether neither figure is larger than allowed."""
        return self.median <= allowed.median and self.mean <= allowed.mean


# Which figures were seen with the same and with other weights, and why no single token is judged: docs/rollout.md.
EXACT = Distance(median=0.001, mean=0.001)
ROUNDED = Distance(median=0.06, mean=0.3)


def tolerance(dtype: str) -> Distance:
    """The tolerance for what an engine computes in: only float32 has the precision of the registered figures."""
    return EXACT if dtype == "float32" else ROUNDED


async def attest(
    client: EngineClient, version: ModelVersion, others: Sequence[ModelVersion], allowed: Distance, name: str
) -> Distance | None:
    """Compares what an engine serves with what was registered.

    Args:
        client: Of the engine.
        version: What it should serve; one without registered figures (a base model) is not compared.
        others: Versions that it could serve by mistake.
        allowed: How far the figures may lie apart.
        name: Under which the engine serves the version.

    Returns:
        The distance from the registered figures; None where there are none.

    Raises:
        ProbeFailed: It serves something else; the message says how far it is off.
        EngineFailed: It does not answer as it should.
    """
    if version.probe is None:
        return None
    texts = version.probe["texts"]
    served = [await client.prompt_logprobs(name, text["token_ids"]) for text in texts]
    flat = [value for text in served for value in text]
    own = distance(flat, _registered(version.probe))
    if not own.within(allowed):
        raise ProbeFailed(
            f"The engine does not serve {version.name}: log-probabilities lie {own.median:.4f} nats from the "
            f"registered ones in the median and {own.mean:.4f} on average; "
            f"{allowed.median} and {allowed.mean} are allowed."
        )
    for other in others:
        if other.probe is None or not _same_texts(other.probe, version.probe):
            continue
        # Two versions that hardly differ cannot be told apart, and need not be.
        apart = distance(_registered(other.probe), _registered(version.probe))
        if apart.median > allowed.median / 2 and distance(flat, _registered(other.probe)).median < own.median:
            raise ProbeFailed(f"The engine serves {other.name} in place of {version.name}, as its figures say.")
    return own


def distance(a: Sequence[float], b: Sequence[float]) -> Distance:
    """How far two lists lie apart; infinitely if they differ in length or hold NaN."""
    if len(a) != len(b) or not a or any(math.isnan(value) for value in (*a, *b)):
        return Distance(math.inf, math.inf)
    differences = [abs(x - y) for x, y in zip(a, b, strict=True)]
    return Distance(median(differences), fmean(differences))


def _registered(probe: Json) -> list[float]:
    return [float(value) for text in probe["texts"] for value in text["logprobs"]]


def _same_texts(a: Json, b: Json) -> bool:
    return [text["token_ids"] for text in a["texts"]] == [text["token_ids"] for text in b["texts"]]


def versions_besides(database: Database, version: ModelVersion) -> list[ModelVersion]:
    """What an engine could serve in place of a version; nothing while the ledger is away, for the rest still tells."""
    try:
        with database.read() as connection:
            return [row for row in versions.list_all(connection) if row.number != version.number]
    except Unavailable as error:
        log.warning("an engine is not compared with other versions: %s", error)
        return []


def write_into_audit(database: Database, version: ModelVersion, reason: str) -> None:
    """Writes down that an engine served something else than a version."""
    try:
        with database.write() as connection:
            subject = f"v{version.number}"
            audit.append(connection, actor="controller", action="probe_failed", subject=subject, reason=reason)
    except Unavailable as error:
        log.warning("a failed probe of %s could not be written into the audit: %s", version.name, error)
