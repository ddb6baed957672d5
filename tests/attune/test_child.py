"""A process of `attune up` writes into a log that is bounded while it runs, and over its restarts."""

import os
from pathlib import Path

from attune.child import Child
from server.log_limits import LogLimits


async def test_its_log_is_bounded_and_goes_on_when_it_is_started_again(tmp_path: Path) -> None:
    log = tmp_path / "zen.log"
    child = Child("zen", "this", log, os.environ, 5, LogLimits(file_bytes=500, kept=9))
    for _ in range(2):
        await child.start()
        await child.ended()
    await child.stop(lambda said: None)
    files = [*sorted(tmp_path.glob("zen.*.log"), reverse=True), log]
    lines = "".join(path.read_text() for path in files).splitlines()
    assert len(lines) == 42 and lines[:21] == lines[21:]
    assert max(path.stat().st_size for path in files) < 500 + 100
    assert child.last_words() == lines[-1] == "Namespaces are one honking great idea -- let's do more of those!"


def test_what_wrote_nothing_has_no_last_words(tmp_path: Path) -> None:
    assert Child("zen", "this", tmp_path / "zen.log", {}, 5).last_words() == "(it wrote nothing)"
