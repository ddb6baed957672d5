"""How the threads of a training on a CPU wait for each other."""

import os

SPINS = "10000"
"""How often a waiting thread looks before it sleeps; by default 300,000 times (libgomp's manual, GOMP_SPINCOUNT)."""


def wait_without_taking_cores() -> None:
    """Threads that wait in torch go to sleep soon, unless the environment says how they are to wait (decision 14).

    libgomp reads this when torch is loaded: to be called before.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
