"""Install Attune into ``.venv``: the complete lock with its hashes, then this checkout. Standard library only.

``python3 requirements/install.py cpu|cuda|gateway`` needs a machine that has nothing but Python. ``gateway`` has no
torch and no engine: for gateway and chat beside an engine that runs elsewhere. ``make up`` and ``make test`` call it
when the lock is newer than what is installed. Every step says what it does; each may be run again.

pip refuses a file whose SHA-256 is not in the lock. One file is outside the lock: torch's build for a CPU, which comes
from other places on other machines, with other contents. Set ``TORCH_SHA256`` to the hash of the one that you trust.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed"
TORCH = "2.13.0"
PIP = [str(PYTHON), "-m", "pip", "--disable-pip-version-check"]
# Byte-compiling all of it doubles the time of installing; Python compiles what it imports by itself.
INSTALL = [*PIP, "install", "--no-deps", "--no-compile"]


def say(text: str) -> None:
    """Print one line of progress at once, with the time of day."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {text}\n")
    sys.stdout.flush()


def run(command: list[str], *, quiet: bool = False) -> bool:
    """Run ``command`` in the checkout; True when it succeeded."""
    output = subprocess.DEVNULL if quiet else None
    return subprocess.run(command, cwd=ROOT, stdout=output, stderr=output, check=False).returncode == 0


def require(ok: bool, message: str) -> None:
    """Stop with ``message`` unless ``ok``."""
    if not ok:
        sys.exit(f"install: {message}")


def make_environment() -> None:
    """Create ``.venv`` if it is missing."""
    if PYTHON.exists():
        return
    say(f"creating .venv with Python {sys.version.split()[0]}")
    try:
        venv.create(VENV, with_pip=True)
    except (subprocess.CalledProcessError, OSError) as error:
        shutil.rmtree(VENV, ignore_errors=True)
        sys.exit(f"install: Python's venv module failed ({error}). On Debian and Ubuntu: apt-get install python3-venv")


def install_torch() -> None:
    """Install torch's build for a CPU alone: where it comes from, and so its hash, differs from machine to machine.

    pip's own configuration is asked first. Where that knows no CPU build, uv is asked, which knows PyTorch's own index
    (``--torch-backend``); pip does not, and an extra index given to the whole lock costs seconds a package.
    """
    sha256 = os.environ.get("TORCH_SHA256")
    with tempfile.TemporaryDirectory() as folder:
        wanted = pathlib.Path(folder, "torch.txt")
        check = ["--require-hashes"] if sha256 else []
        pinned = f" --hash=sha256:{sha256}" if sha256 else ""
        say(f"installing torch=={TORCH}+cpu" + ("" if sha256 else " (not checked: TORCH_SHA256 is not set)"))
        wanted.write_text(f"torch=={TORCH}+cpu{pinned}\n")
        if run([*INSTALL, *check, "--requirement", str(wanted)], quiet=True):
            return
        say("pip's configured indexes have no such CPU build of torch; asking PyTorch's own index through uv")
        lock = [*INSTALL, "--quiet", "--require-hashes", "--requirement", str(ROOT / "requirements" / "uv.txt")]
        require(run(lock), "could not install uv; see the lines above")
        uv = [str(VENV / "bin" / "uv"), "pip", "install", "--python", str(PYTHON), "--no-deps", "--torch-backend=cpu"]
        wanted.write_text(f"torch=={TORCH}{pinned}\n")
        require(
            run([*uv, *check, "--requirement", str(wanted)]),
            f"no CPU build of torch {TORCH} was found; install it into .venv by hand, then repeat",
        )


def install_lock(target: str) -> None:
    """Install every other package at the version that the lock names, counting them as pip fetches them."""
    lock = ROOT / "requirements" / f"{target}.txt"
    count = sum(1 for line in lock.read_text().splitlines() if "==" in line)
    say(f"installing {count} locked packages from requirements/{lock.name} (some minutes)")
    command = [*INSTALL, "--require-hashes", "--progress-bar", "off", "--requirement", str(lock)]
    fetched, tail = 0, ""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        for line in pip.stdout or ():
            tail = (tail + line)[-4000:]
            if line.startswith(("Collecting ", "Processing ", "Requirement already satisfied")):
                fetched += 1
                show_progress(fetched, count, line.split()[1].rsplit("/", 1)[-1])
            elif line.startswith("Installing collected"):
                say("fetched; unpacking")
    require(pip.returncode == 0, f"pip could not install {lock.name}:\n{tail}")


def show_progress(done: int, total: int, what: str) -> None:
    """Redraw a bar on a terminal; elsewhere print a line for every 25 packages."""
    if sys.stdout.isatty():
        filled = 30 * done // total
        sys.stdout.write(f"\r  [{'#' * filled}{'.' * (30 - filled)}] {done}/{total} {what[:40]:<40}")
        sys.stdout.write("\n" if done == total else "")
        sys.stdout.flush()
    elif done % 25 == 0 or done == total:
        say(f"  {done}/{total}")


def main(target: str) -> None:
    """Install everything for ``target`` (``cpu``, ``cuda`` or ``gateway``) and leave a stamp for make."""
    supported = (3, 11) <= sys.version_info[:2] <= (3, 13)
    require(
        supported, f"Python 3.11 to 3.13 is needed, this is {sys.version.split()[0]}; run make with PYTHON=python3.11"
    )
    require(target in {"cpu", "cuda", "gateway"}, f"unknown target {target!r}; it is cpu, cuda or gateway")
    started = time.monotonic()
    make_environment()
    if target == "cpu":
        install_torch()
    install_lock(target)
    say("installing this checkout")
    require(
        run([*INSTALL, "--quiet", "--no-build-isolation", "--editable", "."]),
        "could not install the checkout; see above",
    )
    STAMP.write_text(f"{target}\n")
    say(f"installed in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "cpu")
