"""`attune up` over a controller with small engines: to see how it goes down.

`python -m tests.small_supervisor KILLS_WITHIN_S [whole]` takes Attune's own settings. Unless it is `whole`, it has
neither gateway nor chat, and never gets a first answer.
"""

import sys

from rich.console import Console

from attune import supervisor
from attune.child import Child
from attune.supervisor import Plan, up

_children = Plan.children


def _small(plan: Plan) -> list[Child]:
    children = _children(plan)
    [controller] = [child for child in children if child.name == "controller"]
    controller.module = "tests.small_controller"
    return children if "whole" in sys.argv else [controller]


if __name__ == "__main__":
    supervisor._KILLS_WITHIN_S = float(sys.argv[1])
    Plan.children = _small  # type: ignore[method-assign]
    up(Console(width=200))
