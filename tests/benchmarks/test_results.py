"""Results: where they are written, and under which name."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import results


def test_a_name_may_have_a_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    path = results.write("speed-0.5b", {"n": 3}, ["three"])
    assert path.name.startswith("speed-0.5b-2") and path.suffix == ".md"
    assert path.read_text().endswith("\nthree\n")
    assert json.loads(path.with_suffix(".json").read_text())["figures"] == {"n": 3}


def test_a_command_has_no_path_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/here/benchmarks/zoo.py", "--work-dir", "/tmp/zoo", "--config", "a/b.toml"])
    assert results.command() == "python -m benchmarks.zoo --work-dir zoo --config a/b.toml"
