"""What the processes of a real Attune write into their logs."""

import re

from tests.clocks import strangers
from tests.stack import Stack

_TORCH = re.compile(r"^(\(.*?\) )?\[?[WIE]\d{4} \d\d:\d\d:\d\d")
"""torch's C++ code has a logger of its own, whose form nobody can set."""


def test_every_process_logs_with_one_clock(stack: Stack) -> None:
    logs = {path.name: path.read_text(errors="replace") for path in (stack.home / "logs").glob("*.log")}
    assert {"gateway.log", "controller.log"} <= set(logs) and any(name.startswith("engine-") for name in logs)
    for start in ("gateway", "controller", "engine-"):  # an engine that was ended at once has said nothing
        assert any("+00:00" in text for name, text in logs.items() if name.startswith(start))
    others = {name: [line for line in strangers(text) if not _TORCH.match(line)] for name, text in logs.items()}
    assert {name: lines for name, lines in others.items() if lines} == {}
