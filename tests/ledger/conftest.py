"""A ledger with a key, a model version and a way to store completions."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from ledger import completions, keys, versions
from ledger.clock import utc_now
from ledger.database import Database
from ledger.records import ApiKey, Choice, Completion

PROMPT = ({"role": "user", "content": "What is a ledger?"},)


@pytest.fixture
def key(database: Database) -> ApiKey:
    """A key of the owner `acme`."""
    with database.write() as connection:
        versions.register_base(connection, path="/models/base", sha256="a" * 64)
        return keys.create(connection, name="test", owner="acme", scopes=("inference", "feedback"))[0]


@pytest.fixture
def answer(key: ApiKey) -> Callable[..., Completion]:
    """Makes completions for the user `ann` of `acme`, not stored yet; arguments replace their fields."""
    template = Completion(
        id="",
        endpoint="/v1/chat/completions",
        owner="acme",
        key_id=key.id,
        user="ann",
        messages=PROMPT,
        params={"temperature": 0.5},
        choices=(Choice(0, "A book of accounts.", "stop"),),
        status="complete",
        model_version=1,
        usage={"prompt_tokens": 5, "completion_tokens": 4},
        ttft_ms=12.5,
        duration_ms=80.0,
    )

    def make(**fields: Any) -> Completion:
        return replace(template, **{"id": f"chatcmpl-{uuid4().hex}", "created_at": utc_now(), **fields})

    return make


@pytest.fixture
def stored(database: Database, answer: Callable[..., Completion]) -> Callable[..., Completion]:
    """Makes and stores completions for the user `ann` of `acme`."""

    def store(**fields: Any) -> Completion:
        completion = answer(**fields)
        with database.write() as connection:
            completions.insert(connection, completion)
        return completion

    return store
