"""The Dockerfile's own steps in a clean Debian tree, and the processes of the images that come out of them.

    python -m benchmarks.image_steps [--images gateway | engine] [--work-dir DIR] [--bind PATH]

For machines without a container engine. Every RUN, COPY, ENV and USER of a target and of the stages that it stands on
is taken from the Dockerfile. Then the processes of deploy/compose.yaml that these images run are started with the
commands from there, as the images' user, with a read-only root file system, in a network namespace of their own: of the
gateway's image tables and keys, controller, gateway and chat before a fake engine; of the engine's the controller with
a real vLLM, and of the alignment's a run with its gate. They are asked for answers, take votes, pass their health
checks, and stop.

What differs from an image: Debian's own Python of the same minor version in place of the one of the base image, and no
seccomp profile. Needs root and debootstrap.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from benchmarks import dockerfile, image_engine, image_gateway, results
from benchmarks.clean_tree import Builder, StepFailed, Tree
from benchmarks.image import Image, own_network

ROOT = Path(__file__).resolve().parents[1]
TARGETS = {"gateway": ("gateway",), "engine": ("engine", "alignment")}


def main() -> int:
    """Builds, starts, asks, and writes what was seen; 1 if something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", choices=TARGETS, default="gateway", help="engine: and alignment, which is on it")
    parser.add_argument(
        "--work-dir", type=Path, help="folder of the trees, kept; by default a new one, removed at the end"
    )
    parser.add_argument(
        "--bind", action="append", default=[], help="of this machine, for the steps: wheels, for example"
    )
    given = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("image_steps: chroot and mount need root")
    with tempfile.TemporaryDirectory(prefix="attune-image-", dir="/var/tmp") as scratch:
        work = given.work_dir or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        steps = dockerfile.read(ROOT / "Dockerfile")
        targets = TARGETS[given.images]
        release = re.sub(r".*slim-", "", steps.base_image(targets[0]))
        builder = Builder(steps, ROOT, work, release, given.bind)
        try:
            trees = [builder.build(target) for target in targets]
        except StepFailed as error:
            sys.exit(f"image_steps: {error}")
        figures = {"seconds": builder.seconds, **_contents(trees[0])}
        own_network()
        figures |= _used(given.images, trees, steps, Path(scratch))
    name = "image-steps" if given.images == "gateway" else f"image-steps-{given.images}"
    path = results.write(name, figures, _report(figures, given.images, release))
    sys.stdout.write(path.read_text())
    return 0 if all(figures["seen"].values()) else 1


def _used(images: str, trees: list[Tree], steps: dockerfile.Dockerfile, scratch: Path) -> dict[str, Any]:
    """Uses the images on one new volume; what they wrote is shown if something is not as it should be."""
    volume, logs = scratch / "volume", scratch / "logs"
    logs.mkdir()
    home = f"{trees[0].root}{trees[0].environment['ATTUNE_HOME']}"
    subprocess.run(["cp", "--archive", home, str(volume)], check=True)
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]
    use = image_gateway.use if images == "gateway" else image_engine.use
    figures: dict[str, Any] = use(*(Image(tree, volume) for tree in trees), steps, services, logs)
    for log in () if all(figures["seen"].values()) else sorted(logs.iterdir()):
        sys.stderr.write(f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}\n")
    return figures


def _contents(tree: Tree) -> dict[str, Any]:
    installed = tree.root / "opt/attune"
    packages = list(installed.glob(".venv/lib/python*/site-packages/*.dist-info"))
    size = subprocess.run(
        ["du", "--summarize", "--block-size=1M", str(installed)], capture_output=True, text=True, check=True
    )
    return {"packages": len(packages), "installed_mib": int(size.stdout.split()[0])}


def _report(figures: Mapping[str, Any], images: str, release: str) -> list[str]:
    steps = [f"| {name} | {seconds} |" for name, seconds in figures["seconds"].items()]
    seen = [f"| {what} | {'yes' if so else '**no**'} |" for what, so in figures["seen"].items()]
    used = image_gateway.report(figures) if images == "gateway" else image_engine.report(figures)
    targets = " and ".join(f"`{target}`" for target in TARGETS[images])
    return [
        f"The Dockerfile's steps for {targets} in a clean Debian {release}, with Debian's own Python; no container",
        "engine was used.",
        "",
        "| step | seconds |",
        "| --- | --- |",
        *steps,
        "",
        f"Installed: {figures['packages']} packages, {figures['installed_mib']} MiB with bytecode. As user 10001, with",
        "a read-only root file system:",
        "",
        *used,
        "",
        "| seen | |",
        "| --- | --- |",
        *seen,
    ]


if __name__ == "__main__":
    sys.exit(main())
