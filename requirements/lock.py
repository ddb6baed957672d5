"""Resolve requirements/<target>.in with pip and write the complete, pinned requirements/<target>.txt with hashes.

pip resolves (``--dry-run --report``), uv looks up the SHA-256 of every file that the index has of those versions, for
all platforms, and this script writes both down, without the packages that the installation must leave out. Run it
through ``make lock``. With ``--hashes-only`` the versions stay as the lock names them.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import venv

HERE = pathlib.Path(__file__).parent

# On a CPU torch is installed on its own, before the lock: its file differs by where it comes from. The index has only
# CUDA builds of the other four, which break every `import transformers` beside a CPU build of torch; text serving needs
# none of them.
LEFT_OUT = {
    "cpu": {"torch", "torchvision", "torchaudio", "torchcodec", "triton"},
    "cuda": set(),
    "gateway": set(),
}
# What has no torch is a part of what has, at the same versions, so that the tests of the one speak for the other.
PART_OF = {"gateway": "cpu"}


def resolve(target: str) -> dict[str, str]:
    """Ask pip which version of every package, direct or not, satisfies ``<target>.in``: name → version."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        command += ["--report", report.name, "--requirement", str(HERE / f"{target}.in")]
        if whole := PART_OF.get(target):
            command += ["--constraint", str(HERE / f"{whole}.txt")]
        subprocess.run(command, check=True)
        installs = json.load(report)["install"]
    return {i["metadata"]["name"].lower().replace("_", "-"): i["metadata"]["version"] for i in installs}


def locked(target: str) -> dict[str, str]:
    """Return what ``<target>.txt`` names now: name → version."""
    lines = (HERE / f"{target}.txt").read_text().splitlines()
    pins = (line.removesuffix("\\").strip().partition("==") for line in lines if not line.startswith(("#", " ")))
    return {name: version for name, _, version in pins}


def with_hashes(pins: dict[str, str]) -> str:
    """Ask the index, through uv, for the hashes of these versions; as lines of a requirements file."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        uv = pathlib.Path(folder, "bin", "uv")
        pip = [str(uv.with_name("python")), "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
        subprocess.run([*pip, "--requirement", str(HERE / "uv.txt")], check=True)
        command = [str(uv), "pip", "compile", "--quiet", "--no-deps", "--generate-hashes", "--no-annotate"]
        command += ["--no-header", "-"]
        given = "".join(f"{name}=={version}\n" for name, version in sorted(pins.items()))
        return subprocess.run(command, input=given, capture_output=True, check=True, text=True).stdout


def write(target: str, *, hashes_only: bool = False) -> None:
    """Write ``<target>.txt``, sorted by name."""
    found = locked(target) if hashes_only else resolve(target)
    pins = {name: version for name, version in found.items() if name not in LEFT_OUT[target]}
    header = f"# Written by `make lock` from {target}.in. Do not edit. Install with requirements/install.py.\n"
    (HERE / f"{target}.txt").write_text(header + with_hashes(pins))
    sys.stdout.write(f"{target}: {len(pins)} packages\n")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    only = "--hashes-only" in arguments
    for name in [argument for argument in arguments if argument != "--hashes-only"] or sorted(LEFT_OUT):
        write(name, hashes_only=only)
