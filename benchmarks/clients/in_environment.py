"""Runs in a client's own environment: calls functions of its script, and writes what each gave as a line of JSON.

`python in_environment.py SCRIPT OUTPUT FUNCTION…`. It uses the standard library alone.
"""

import importlib.util
import json
import sys
import time
from pathlib import Path


def main(script: str, output: str, functions: list[str]) -> None:
    """Call the functions one after the other; what one raises is its outcome."""
    spec = importlib.util.spec_from_file_location("script", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with Path(output).open("a") as file:
        for name in functions:
            began = time.monotonic()
            try:
                outcome = {"gave": getattr(module, name)()}
            except Exception as error:
                outcome = {"raised": type(error).__name__, "message": str(error)[:8000]}
            seconds = round(time.monotonic() - began, 2)
            file.write(json.dumps({"case": name, "seconds": seconds, **outcome}, default=str) + "\n")
            file.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
