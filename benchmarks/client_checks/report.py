"""What the comparison says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.client_checks.check import Check
from benchmarks.client_checks.outcome import Outcome
from benchmarks.client_checks.shaped import Shaped

KNOWN = {
    "messages: a NUL": "PostgreSQL cannot store a NUL, and every answer is stored",
    "sampling: best_of 2": "vLLM ignores it and answers once; to ask for the best of two and get the first misleads",
    "OpenAI's fields: vLLM's own structured_outputs": "free grammars can stall the engine for all",
}
"""Checks that pass on bare vLLM and fail here, and are meant to."""


@dataclass(frozen=True)
class Pair:
    """A check and what came of it on bare vLLM and through the gateway."""

    check: Check
    bare: Outcome
    here: Outcome

    @property
    def passes_bare(self) -> bool:
        """Whether bare vLLM does what is expected."""
        return self.bare.kind == self.check.expects

    @property
    def passes_here(self) -> bool:
        """Whether the gateway does what is expected."""
        return self.here.kind == self.check.expects

    @property
    def same(self) -> bool:
        """Whether the answers have the same texts, ends, calls and counts."""
        return self.bare.facts == self.here.facts


def as_json(pair: Pair) -> dict[str, Any]:
    """One pair as the result keeps it."""
    return {
        "name": pair.check.name,
        "expects": pair.check.expects,
        "vllm": pair.bare.kind,
        "gateway": pair.here.kind,
        "same": pair.same,
        "why": pair.here.message[:300] if not pair.passes_here else "",
    }


def lines(pairs: Sequence[Pair], shapes: Sequence[Shaped]) -> list[str]:
    """The result as Markdown."""
    lost = [pair for pair in pairs if pair.passes_bare and not pair.passes_here]
    gained = [pair for pair in pairs if pair.passes_here and not pair.passes_bare]
    neither = [pair for pair in pairs if not pair.passes_here and not pair.passes_bare]
    other = [pair for pair in pairs if pair.passes_here and pair.passes_bare and not pair.same]
    return [
        f"{len(pairs)} calls of the official Python client, each to the engine's own socket and through the gateway: "
        "one engine, with the starter. A call passes if it is answered, or raises the exception that OpenAI's API "
        "leads to.",
        "",
        "| | calls |",
        "| --- | --- |",
        f"| pass on both | {len(pairs) - len(lost) - len(gained) - len(neither)} |",
        f"| of these with other texts, ends or counts of tokens | {len(other)} |",
        f"| pass on bare vLLM, fail here | {len(lost)} |",
        f"| pass here, fail on bare vLLM | {len(gained)} |",
        f"| fail on both | {len(neither)} |",
        "",
        "## Pass on bare vLLM, fail here",
        "",
        *(f"- {pair.check.name}: {KNOWN.get(pair.check.name, 'not meant: ' + pair.here.message)}" for pair in lost),
        "",
        "## Pass here, fail on bare vLLM",
        "",
        *(f"- {pair.check.name}: vLLM says {_short(pair.bare)}" for pair in gained),
        "",
        "## Pass on both, with a difference",
        "",
        *(f"- {pair.check.name}" for pair in other),
        "",
        "## Answers of a given shape, starter, eighteen seeds, no penalty",
        "",
        "| asked | ended | fit |",
        "| --- | --- | --- |",
        *(f"| {row.way} | {row.ended} of {row.asked} | {row.fitted} of {row.asked} |" for row in shapes),
    ]


def _short(outcome: Outcome) -> str:
    return " ".join(f"{outcome.kind} {outcome.message}".split())[:160]
