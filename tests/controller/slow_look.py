"""Processes whose search through /proc takes long, as on a machine that is short of memory."""

from pathlib import Path

from tests.processes import ROOT

_CODE = """
import os

def _slow(path=".", real=os.scandir):
    if path == "/proc":
        import time
        time.sleep({look_s})
    return real(path)

os.scandir = _slow
try:
    from server.controller import processes
    processes._LOOKS_AGAIN_S = {bound_s}
except ImportError:
    pass
"""


def python_path(folder: Path, *, look_s: float, bound_s: float) -> str:
    """A PYTHONPATH with which every Python process is so.

    Args:
        folder: Empty; Python finds what it runs at its start there (`sitecustomize`).
        look_s: What a search takes.
        bound_s: After which a kill stops looking again; 5 s outside of tests.
    """
    (folder / "sitecustomize.py").write_text(_CODE.format(look_s=look_s, bound_s=bound_s))
    return f"{folder}:{ROOT}"
