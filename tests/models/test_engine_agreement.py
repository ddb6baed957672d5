"""The starter model in vLLM says what it says in transformers."""

import pytest

from benchmarks.starter_logprobs import by_transformers, by_vllm, conversations


@pytest.mark.engine
@pytest.mark.timeout(600)
def test_log_probabilities_agree_with_transformers_in_float32() -> None:
    texts = conversations(20)
    ours, theirs = by_transformers(texts, "float32"), by_vllm(texts, "float32")
    apart = [abs(a - b) for row, other in zip(ours, theirs, strict=True) for a, b in zip(row, other, strict=True)]
    assert len(apart) > 500
    assert max(apart) < 0.01
