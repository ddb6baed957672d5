"""The steps of a Dockerfile in clean Debian trees: each stage is a copy of the tree that it stands on.

It needs root, debootstrap, and whatever brings this machine to its package index, which the steps may use, as a builder
of images lends it: pip's configuration, certificates, proxies.
"""

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.dockerfile import Dockerfile, Instruction, Stage

_LENT_FILES = ("/etc/resolv.conf", "/etc/pip.conf", "/etc/ssl/certs")
_LENT_VARIABLES = (
    "PIP_",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
)
_STARTING_POINT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}


class StepFailed(Exception):
    """A step of the Dockerfile failed; the message ends with its output."""


@dataclass(slots=True)
class Tree:
    """What a stage comes to: its files, and how processes in it run."""

    root: Path
    environment: dict[str, str] = field(default_factory=lambda: dict(_STARTING_POINT))
    arguments: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "0:0"

    def command(
        self, command: Sequence[str], *, binds: Sequence[str] = (), extra: Mapping[str, str] | None = None
    ) -> list[str]:
        """Arguments that run a command in the tree as its user, with its environment and nothing of this machine's.

        Args:
            command: What to run.
            binds: Files and folders of this machine that are seen under the same names.
            extra: More variables.
        """
        mounts = [self._mount("proc", "/proc"), self._mount("tmpfs", "/dev/shm")]
        for path in binds:
            mounts += [f"mount --bind -o ro {shlex.quote(path)} {self._inside(path)}"]
        return self._isolated(mounts, command, extra)

    def closed_command(
        self, command: Sequence[str], volume: Path, *, extra: Mapping[str, str] | None = None
    ) -> list[str]:
        """As `command`, with a read-only root file system; `volume` is its home folder, and /tmp is empty memory."""
        root = shlex.quote(str(self.root))
        mounts = [f"mount --bind {root} {root}", f"mount -o remount,bind,ro {root}"]
        mounts += [self._mount("proc", "/proc"), f"mount -t sysfs -o ro sysfs {self._inside('/sys')}"]
        mounts += [self._mount("tmpfs", "/dev/shm"), self._mount("tmpfs", "/tmp")]
        mounts.append(f"mount --bind {shlex.quote(str(volume))} {self._inside(self.environment['ATTUNE_HOME'])}")
        return self._isolated(mounts, command, extra)

    def _isolated(self, mounts: Sequence[str], command: Sequence[str], extra: Mapping[str, str] | None) -> list[str]:
        script = "; ".join([*mounts, self._enter(command, extra)])
        return ["unshare", "--mount", "--propagation=private", "sh", "-ec", script]

    def _enter(self, command: Sequence[str], extra: Mapping[str, str] | None) -> str:
        variables = [f"{name}={value}" for name, value in (self.environment | dict(extra or {})).items()]
        entered = ["sh", "-c", 'cd "$1"; shift; exec "$@"', "sh", self.folder, *command]
        chroot = ["chroot", f"--userspec={self.user}", str(self.root), "/usr/bin/env", "-i", *variables, *entered]
        return f"exec {shlex.join(chroot)}"

    def _inside(self, path: str) -> str:
        return shlex.quote(f"{self.root}{path}")

    def _mount(self, kind: str, path: str) -> str:
        return f"mount -t {kind} {kind} {self._inside(path)}"


@dataclass(slots=True)
class Builder:
    """Makes trees of the stages of a Dockerfile.

    Attributes:
        context: The checkout; what git tracks is copied from there.
        work: Folder of the trees.
        release: Of Debian, as the base image has it.
        binds: More of this machine's files that the steps may use.
        seconds: How long each step took that ran something, by `stage: command`.
    """

    dockerfile: Dockerfile
    context: Path
    work: Path
    release: str
    binds: Sequence[str] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    _trees: dict[str, Tree] = field(default_factory=dict)

    def build(self, name: str) -> Tree:
        """The tree of a stage, or of the base image.

        Raises:
            StepFailed: A step ended with another status than 0.
        """
        if name not in self._trees:
            stage = self.dockerfile.stages.get(name)
            self._trees[name] = self._debian() if stage is None else self._stage(stage)
        return self._trees[name]

    def _debian(self) -> Tree:
        """Debian with Python under the name that the base image gives it."""
        root = self.work / "debian"
        if not (root / "usr/local/bin/python").exists():
            shutil.rmtree(root, ignore_errors=True)
            packages = "--include=ca-certificates,python3,python3-venv"
            self._run(
                ["debootstrap", "--variant=minbase", packages, self.release, str(root)], f"debian: {self.release}"
            )
            (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
        (root / "dev/shm").mkdir(exist_ok=True)
        return Tree(root)

    def _stage(self, stage: Stage) -> Tree:
        below = self.build(stage.base)
        root = self.work / stage.name
        shutil.rmtree(root, ignore_errors=True)
        self._run(["cp", "--archive", "--reflink=auto", str(below.root), str(root)], None)
        tree = Tree(root, dict(below.environment), dict(below.arguments), below.folder, below.user)
        for step in stage.instructions:
            self._step(stage.name, tree, step)
        return tree

    def _step(self, name: str, tree: Tree, step: Instruction) -> None:
        match step.name:
            case "ARG":
                argument, _, default = step.value.partition("=")
                tree.arguments[argument] = default
            case "ENV":
                tree.environment |= step.pairs()
            case "WORKDIR":
                tree.folder = step.value
                (tree.root / step.value.lstrip("/")).mkdir(parents=True, exist_ok=True)
            case "USER":
                tree.user = "0:0" if step.value == "root" else step.value
            case "COPY":
                self._copy(tree, step.words())
            case "RUN":
                self._execute(name, tree, step.value)

    def _copy(self, tree: Tree, words: list[str]) -> None:
        target = tree.root / str(Path(tree.folder) / words[-1]).lstrip("/")
        if words[0].startswith("--from="):
            source = self.build(words[0].removeprefix("--from=")).root / words[1].lstrip("/")
            target.mkdir(parents=True, exist_ok=True)
            self._run(["cp", "--archive", "--reflink=auto", f"{source}/.", str(target)], None)
            return
        for source in words[:-1]:
            folder = (self.context / source).is_dir()
            for path in self._tracked(source):
                place = target / (path.relative_to(source) if folder else path.name)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self.context / path, place)

    def _tracked(self, path: str) -> list[Path]:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--", path], cwd=self.context, capture_output=True, check=True
        )
        return [Path(name) for name in listed.stdout.decode().split("\0") if name]

    def _execute(self, name: str, tree: Tree, command: str) -> None:
        lent = {key: value for key, value in os.environ.items() if key.startswith(_LENT_VARIABLES)}
        files = [path for path in (*_LENT_FILES, *self.binds) if Path(path).exists()]
        for path in files:
            place = tree.root / path.lstrip("/")
            if Path(path).is_dir():
                place.mkdir(parents=True, exist_ok=True)
            elif not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                place.touch()
        arguments = tree.command(["/bin/sh", "-c", command], binds=files, extra=tree.arguments | lent)
        self._run(arguments, f"{name}: {command.split('&&')[0].strip()}")

    def _run(self, arguments: Sequence[str], label: str | None) -> None:
        began = time.monotonic()
        done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            raise StepFailed(f"{label or shlex.join(arguments)} ended with {done.returncode}:\n{done.stdout[-4000:]}")
        if label is not None:
            self.seconds[label] = round(time.monotonic() - began, 1)
