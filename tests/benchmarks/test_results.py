"""Results: where they are written, and under which name."""

import json
from pathlib import Path

import pytest

from benchmarks import results


def test_a_name_may_have_a_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    path = results.write("speed-0.5b", {"n": 3}, ["three"])
    assert path.name.startswith("speed-0.5b-2") and path.suffix == ".md"
    assert path.read_text().endswith("\nthree\n")
    assert json.loads(path.with_suffix(".json").read_text())["figures"] == {"n": 3}
