"""Usage events, found in bytes."""

import pytest

from server.usage import without_usage

SAID = b'data: {"choices":[{"delta":{"content":"\\"choices\\":[] \\"usage\\""}}],"usage":{"total_tokens":1}}\n\n'
DONE = b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    "usage",
    [
        b'data: {"choices":[],"usage":{"total_tokens":3}}\n\n',
        b'data: {"usage": {"total_tokens": 3}, "choices": [ ]}\n\n',
        b'event: message\r\ndata:{"choices":[],"usage":{"total_tokens":3}}\r\n\r\n',
    ],
)
def test_only_the_usage_event_is_dropped(usage: bytes) -> None:
    assert without_usage(SAID + usage + DONE) == SAID + DONE
    assert without_usage(usage.rstrip()) == b""


@pytest.mark.parametrize(
    "kept",
    [
        SAID,
        b'data: {"choices":[],"usage":null,"prompt_filter_results":[]}\n\n',
        b'data: {"choices":[],"usage":{"total\n\n',
        b': "usage" "choices":[]\n\n',
    ],
)
def test_all_else_passes_as_it_is(kept: bytes) -> None:
    assert without_usage(kept + DONE) == kept + DONE
