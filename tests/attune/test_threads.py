"""How long torch's threads spin, as libgomp itself says when torch is loaded."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from alignment.errors import AlignmentError
from attune import cli
from tests.processes import ROOT

LOAD_TORCH = "from attune.threads import wait_without_taking_cores as wait; wait(); import torch"
WAITS = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")


def test_threads_that_wait_spin_for_a_moment_unless_the_environment_says_otherwise() -> None:
    inherited = {name: value for name, value in os.environ.items() if name not in WAITS}
    cases: list[tuple[dict[str, str], str]] = [
        ({}, "10000"),
        ({"GOMP_SPINCOUNT": "77"}, "77"),
        ({"OMP_WAIT_POLICY": "PASSIVE"}, "0"),
    ]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", LOAD_TORCH],
            env=inherited | {"OMP_DISPLAY_ENV": "VERBOSE", "PYTHONPATH": str(ROOT)} | variables,
            stderr=subprocess.PIPE,
            text=True,
        )
        for variables, _ in cases
    ]
    said = [process.communicate(timeout=120)[1] for process in running]
    for (_, spins), text in zip(cases, said, strict=True):
        assert f"GOMP_SPINCOUNT = '{spins}'" in text


def test_an_alignment_run_sees_to_it_before_anything_loads_torch(
    ledger_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ATTUNE_HOME", str(ledger_path.parent))
    for name in WAITS:
        monkeypatch.setenv(name, "")  # so that whatever is set meanwhile is taken back
        monkeypatch.delenv(name)

    def resume(*_: object) -> NoReturn:
        raise AlignmentError(os.environ["GOMP_SPINCOUNT"])

    monkeypatch.setattr("alignment.run.resume", resume)
    assert cli.run(["align", "run", "--resume", "run_x"]) == 1
    assert "10000" in capsys.readouterr().err
