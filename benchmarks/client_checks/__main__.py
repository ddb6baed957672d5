"""`python -m benchmarks.client_checks`: all checks, and answers of a given shape from eighteen seeds."""

import argparse
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx2
import openai

from benchmarks import results
from benchmarks.client_checks import report, shaped
from benchmarks.client_checks.calls import call
from benchmarks.client_checks.report import Pair
from benchmarks.client_checks.table import CHECKS
from tests.stack import Stack

START_S = 600


def compare(bare: openai.OpenAI, here: openai.OpenAI) -> list[Pair]:
    """Makes every call on both; which of them is first alternates."""
    pairs = []
    for number, check in enumerate(CHECKS):
        first, second = (bare, here) if number % 2 else (here, bare)
        outcomes = {first: call(first, check), second: call(second, check)}
        pairs.append(Pair(check, outcomes[bare], outcomes[here]))
        if number % 25 == 24:
            print(f"{number + 1} of {len(CHECKS)}", flush=True)
    return pairs


def main() -> None:
    """Start, ask, and write the result."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-") as name:
        stack = Stack(Path(name))
        stack.run(START_S)
        try:
            began = time.monotonic()
            bare, here = _clients(stack)
            pairs = compare(bare, here)
            shapes = shaped.measure(here)
            seconds = time.monotonic() - began
        finally:
            stack.stop()
    figures: dict[str, Any] = {
        "checks": [report.as_json(pair) for pair in pairs],
        "shaped": [asdict(row) for row in shapes],
        "seconds": round(seconds, 1),
        "client": openai.__version__,
    }
    print(results.write("client-checks", figures, report.lines(pairs, shapes)))


def _clients(stack: Stack) -> tuple[openai.OpenAI, openai.OpenAI]:
    past_the_gateway = openai.DefaultHttpxClient(transport=httpx2.HTTPTransport(uds=str(stack.engine_socket())))
    options: dict[str, Any] = {"max_retries": 0, "timeout": 120}
    return (
        openai.OpenAI(base_url="http://engine/v1", api_key="none", http_client=past_the_gateway, **options),
        openai.OpenAI(base_url=stack.base_url, api_key=stack.secrets.app, **options),
    )


if __name__ == "__main__":
    main()
