"""Resolve requirements/<target>.in with pip and write the complete, pinned requirements/<target>.txt.

pip resolves (``--dry-run --report``) and this script writes the answer down, one ``name==version`` a line, without the
packages that the installation must leave out. Run it through ``make lock``.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent

# torch is installed on its own, before the lock. The index has only CUDA builds of the other four, which break every
# `import transformers` beside a CPU build of torch; text serving needs none of them.
LEFT_OUT = {
    "cpu": {"torch", "torchvision", "torchaudio", "torchcodec", "triton"},
    "cuda": {"torch"},
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


def write(target: str) -> None:
    """Write ``<target>.txt``, sorted by name."""
    pins = sorted((n, v) for n, v in resolve(target).items() if n not in LEFT_OUT[target])
    header = f"# Written by `make lock` from {target}.in. Do not edit. Install with requirements/install.py.\n"
    lines = "".join(f"{name}=={version}\n" for name, version in pins)
    (HERE / f"{target}.txt").write_text(header + lines)
    sys.stdout.write(f"{target}: {len(pins)} packages\n")


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(LEFT_OUT):
        write(name)
