"""Every call of the official client that a bare vLLM would answer is answered here; the fake engine stands for it.

`make bench-client-checks` makes the same calls to a real one.
"""

import asyncio

import openai
import pytest

from benchmarks.client_checks.calls import call
from benchmarks.client_checks.report import KNOWN
from benchmarks.client_checks.table import CHECKS
from tests.server.conftest import Gateway

ANSWERED = [check for check in CHECKS if check.expects == "answer" and check.helper != "parse"]
WITHOUT_ENGINE = [check for check in ANSWERED if "tokenize" not in check.route]  # the fake engine has no tokenizer


def test_there_are_enough_checks_with_names_of_their_own() -> None:
    assert len(CHECKS) >= 250
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert KNOWN.keys() <= {check.name for check in ANSWERED}


@pytest.mark.parametrize("route", sorted({check.route for check in WITHOUT_ENGINE}))
async def test_what_vllm_answers_is_answered_here(gateway: Gateway, route: str) -> None:
    def failures() -> dict[str, str]:
        with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.secret, max_retries=0) as client:
            outcomes = {check.name: call(client, check) for check in WITHOUT_ENGINE if check.route == route}
        return {name: f"{found.kind} {found.message}" for name, found in outcomes.items() if found.kind != "answer"}

    failed = await asyncio.to_thread(failures)
    assert failed.keys() <= KNOWN.keys(), failed
