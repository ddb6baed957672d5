"""`python -m attune.bound PARENT MODULE ARGUMENT…` runs a module that ends when the process PARENT does.

The kernel kills it even if its parent was killed with SIGKILL, so `attune up` leaves nobody behind. The binding is made
by the child itself, because running Python code between fork and exec is not safe in a parent that has threads.
"""

import os
import sys

from server.controller.processes import die_with_parent

if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    os.execv(sys.executable, [sys.executable, "-m", *sys.argv[2:]])
