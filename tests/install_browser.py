"""Make sure that a Chromium for the browser tests is there: Debian's package for root, else Playwright's own build."""

import os
import pathlib
import shutil
import subprocess
import sys


def find_chromium() -> str | None:
    """The path of a Chromium on this machine that Playwright can drive, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    own = pathlib.Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "~/.cache/ms-playwright")).expanduser()
    found = sorted(own.glob("chromium-*/chrome-linux*/chrome"))
    return str(found[-1]) if found else None


def main() -> None:
    """Install a Chromium unless one is there."""
    if find_chromium():
        return
    sys.stdout.write("installing Chromium for the browser tests\n")
    sys.stdout.flush()
    if os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], check=True, env=quiet
        )
    else:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


if __name__ == "__main__":
    main()
