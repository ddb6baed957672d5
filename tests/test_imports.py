"""What a light import must not drag in, and which packages the docs promise."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "vllm", "trl", "gradio", "transformers")


@pytest.mark.parametrize(
    "module",
    [
        "ledger.database",
        "server.app",
        "server.canary.decision",
        "server.controller",
        "attune.cli",
        "alignment.run",
    ],
)
def test_importing_it_loads_no_heavy_package(module: str) -> None:
    program = f"import sys, {module}; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
