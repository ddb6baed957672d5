"""One clock: every log, table and file name tells the time as `ledger.clock` writes it, with its offset."""

import logging
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from io import StringIO
from pathlib import Path

import pytest

import chat_ui.logs
import server.logs
from attune import output
from attune.child import Child
from ledger import log_times
from ledger.clock import for_file_name, iso
from server.controller.guardian import _say
from tests.clocks import strangers

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("alignment", "attune", "chat_ui", "evals", "http_bounds", "ledger", "server")
WRITERS = {"ledger/clock.py", "ledger/log_times.py", "chat_ui/logs.py"}
"""The modules that say how a time is written."""
OWN_FORM = re.compile(r"%[YHMS](?![a-z])|%[md][-.%]|\.strftime\(|\bctime\(|isoformat\((?:sep|timespec)|datefmt")

MOMENT = datetime(2026, 11, 30, 22, 5, 9, 123456, tzinfo=timezone(timedelta(hours=1)))


def test_a_time_is_written_in_utc_with_its_offset() -> None:
    assert iso(MOMENT) == "2026-11-30T21:05:09+00:00"
    assert for_file_name(MOMENT) == "20261130T210509Z"
    assert output._cell(MOMENT) == "2026-11-30T21:05:09+00:00"


def test_no_module_has_a_form_of_its_own() -> None:
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    assert len(files) > 300
    own = {
        f"{file.relative_to(ROOT)}:{number}"
        for file in files
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if OWN_FORM.search(line) and str(file.relative_to(ROOT)) not in WRITERS
    }
    assert own == set()


def gateway_log(stream: StringIO) -> logging.Handler:
    server.logs.configure_logging("INFO")
    return logging.getLogger().handlers[0]


def chat_log(stream: StringIO) -> logging.Handler:
    with chat_ui.logs.logged_without_texts(stream):
        return logging.getLogger().handlers[-1]


def controller_log(stream: StringIO) -> logging.Handler:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(log_times.UtcTimes("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return handler


@pytest.mark.parametrize("log", [gateway_log, chat_log, controller_log])
def test_the_logs_of_all_processes_tell_one_time(
    log: Callable[[StringIO], logging.Handler], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, level = logging.getLogger().handlers[:], logging.getLogger().level
    stream = StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    try:
        handler = log(stream)
    finally:
        logging.getLogger().handlers[:] = before
        logging.getLogger().setLevel(level)
    record = logging.LogRecord("server", logging.ERROR, "x.py", 1, "said", None, None)
    record.created, record.msecs = MOMENT.timestamp(), 123.0
    assert "2026-11-30T21:05:09.123+00:00" in handler.format(record)


def test_the_guardian_tells_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    _say("killed")
    said = capsys.readouterr().err
    assert strangers(said) == [] and datetime.fromisoformat(said.split()[0]).tzinfo == UTC


def test_a_childs_last_words_are_told_without_time_and_level(tmp_path: Path) -> None:
    log = tmp_path / "controller.log"
    handler = controller_log(StringIO())
    record = logging.LogRecord("server.controller", logging.ERROR, "x.py", 1, "No model: %s.", ("/x",), None)
    log.write_text(handler.format(record) + "\n")
    assert Child("controller", "server.controller", log, {}, 1).last_words() == "No model: /x."


def test_a_second_clock_is_noticed() -> None:
    assert strangers("2026-11-30T21:05:09.123+00:00 INFO a\n20261130T210509Z") == []
    for line in ("11-30 21:05:09 b", "2026-11-30 21:05:09,123 c", "2026-11-30T21:05:09+0000 d", "21:05:09 UTC e"):
        assert strangers(line) == [line]
