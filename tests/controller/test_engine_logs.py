"""What people wrote stays out of the engine's log."""

import json
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from server.controller import engine_logs
from server.controller.engine_logs import NativeErrors

ROOT = Path(__file__).resolve().parents[2]
# In a process of its own, as in an engine: patterns of which xgrammar 0.2 ignores a part, which it says on its own.
COMPILE = """
import sys, xgrammar
from server.controller.engine_logs import register
def compile():
    compiler = xgrammar.GrammarCompiler(xgrammar.TokenizerInfo(["a", "b", "</s>"]), max_threads=1)
    for schema in sys.argv[1:]:
        compiler.compile_json_schema(schema)
compile()
print("registered", file=sys.stderr, flush=True)
register()
register()
compile()
print("the rest", file=sys.stderr)
"""
SCHEMAS = [json.dumps({"type": "string", "pattern": pattern}) for pattern in ("^(?=SECRET)a$", "^SECRET$b")]


def test_what_the_grammar_compiler_writes_names_no_pattern() -> None:
    pytest.importorskip("xgrammar")
    command = [sys.executable, "-c", COMPILE, *SCHEMAS]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=200)
    before, _, after = ran.stderr.partition("registered\n")
    assert "SECRET" in before  # else this test could not fail
    assert "SECRET" not in after
    assert "Warning: (left out" in after and after.endswith("the rest\n")


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


def test_nothing_is_lost_while_several_threads_hold_it_back(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb+") as log:
        native = NativeErrors(log.fileno())

        def write(number: int) -> None:
            for turn in range(50):
                with native.held_back():
                    os.write(log.fileno(), b"%d %d\n" % (number, turn))

        threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len((tmp_path / "log").read_bytes().splitlines()) == 200
