"""A tiny model, and one thread: what a resumed run is compared with must not depend on how sums are split."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.random_model import write_random_model


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_chat_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a random Llama; not to be written to."""
    return write_random_model(tmp_path_factory.mktemp("tiny") / "model")
