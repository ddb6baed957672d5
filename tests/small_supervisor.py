"""`attune up` without gateway and chat, over a controller with small engines: to see how it goes down.

`python -m tests.small_supervisor KILLS_WITHIN_S` takes Attune's own settings; it never gets a first answer.
"""

import sys

from rich.console import Console

from attune import supervisor
from attune.child import Child
from attune.supervisor import Plan, up

_children = Plan.children


def _controller_alone(plan: Plan) -> list[Child]:
    [controller] = [child for child in _children(plan) if child.name == "controller"]
    controller.module = "tests.small_controller"
    return [controller]


if __name__ == "__main__":
    supervisor._KILLS_WITHIN_S = float(sys.argv[1])
    Plan.children = _controller_alone  # type: ignore[method-assign]
    up(Console(width=200))
