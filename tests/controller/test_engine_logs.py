"""What people wrote stays out of the engine's log."""

import logging

import pytest

from server.controller import engine_logs


@pytest.fixture
def record_factory() -> object:
    """The factory without texts, for one test."""
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(engine_logs._without_texts(before))
    yield
    logging.setLogRecordFactory(before)


@pytest.mark.usefixtures("record_factory")
def test_errors_of_requests_are_logged_without_their_texts(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("vllm.v1.structured_output")
    secret = "SECRET"  # not in the line that raises, which a traceback shows
    try:
        raise ValueError(f"pattern {secret}")
    except ValueError as error:
        log.exception("Failed to compile grammar for request %s", "chatcmpl-" + "a" * 32)
        log.error("Matcher error: %s of %d", error, 3)
    logging.getLogger("vllm.logging_utils.dump_input").error("Dumping %s", {"json": secret})
    assert "SECRET" not in caplog.text
    assert "chatcmpl-" in caplog.text and "test_engine_logs.py" in caplog.text and "ValueError" in caplog.text
    assert "of 3" in caplog.text


@pytest.mark.usefixtures("record_factory")
def test_errors_of_a_start_stay_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError("Model architectures ['Odd'] are not supported")
    except ValueError:
        logging.getLogger("vllm.v1.engine.core").exception("EngineCore failed to start.")
    assert "['Odd'] are not supported" in caplog.text
