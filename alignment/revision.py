"""Which code made something."""

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


def code_revision() -> str:
    """The commit of a checkout, with `+` where files were changed since; else the installed version."""
    try:
        inside = _git("rev-parse", "--show-toplevel")
        if Path(inside).resolve() == _ROOT:  # else the package is installed below somebody else's checkout
            return _git("describe", "--always", "--abbrev=12", "--dirty=+")
    except (OSError, subprocess.CalledProcessError):
        pass
    try:
        return version("attune")
    except PackageNotFoundError:
        return "unknown"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=_ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()
