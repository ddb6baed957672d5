"""An artefact: a folder whose `manifest.json` was written last, so that a folder with a manifest is whole.

The manifest names every file with its size and SHA-256, what the artefact was made from, and facts about it. It holds
no times: the same content gives the same bytes, and so the same hash.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from alignment.durable import sync, write_durably
from alignment.errors import DamagedArtefact

NAME = "manifest.json"
# What trainers leave to go on from. It is worth nothing once the stage is done, and it is not part of the artefact.
SCRATCH = "checkpoint-*"


class FileEntry(BaseModel):
    """One file: its size in bytes and its SHA-256 in hex."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What an artefact is.

    Attributes:
        format: Of this file; 1.
        kind: What the folder holds, such as `snapshot`.
        inputs: SHA-256 (hex) of what it was made from, by name.
        facts: About the artefact; JSON.
        files: By path relative to the folder, with forward slashes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    kind: str
    inputs: Mapping[str, str]
    facts: Mapping[str, Any]
    files: Mapping[str, FileEntry]

    def to_bytes(self) -> bytes:
        """As it stands in the file."""
        return (self.model_dump_json(indent=2) + "\n").encode()

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) of the file: the hash of the whole artefact."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


def write(folder: Path, kind: str, *, inputs: Mapping[str, str], facts: Mapping[str, Any]) -> Manifest:
    """Puts every file of the folder on disk, and then the manifest.

    Raises:
        OSError: Something could not be written; then there is no manifest.
    """
    files = {}
    for name, path in _files(folder).items():
        sync(path)
        files[name] = FileEntry(bytes=path.stat().st_size, sha256=file_sha256(path))
    for below in sorted(path for path in folder.rglob("*") if path.is_dir()):
        sync(below)
    manifest = Manifest(kind=kind, inputs=dict(sorted(inputs.items())), facts=facts, files=files)
    write_durably(folder / NAME, manifest.to_bytes())
    return manifest


def is_whole(folder: Path) -> bool:
    """Whether the folder was finished. Its files may have been damaged since: `verify` tells."""
    return (folder / NAME).is_file()


def read(folder: Path) -> Manifest:
    """Reads a manifest without looking at the files.

    Raises:
        DamagedArtefact: There is none, or it cannot be read.
    """
    path = folder / NAME
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise DamagedArtefact(f"{folder} has no {NAME}: it was never finished, or it is no artefact.") from error
    except (OSError, ValidationError) as error:
        raise DamagedArtefact(f"{path} cannot be read: {error}. Make the artefact again.") from error


def verify(folder: Path) -> Manifest:
    """Compares every file with the manifest, and returns the manifest.

    Raises:
        DamagedArtefact: A file is missing, differs, or is not in the manifest; the message names it.
    """
    manifest = read(folder)
    found = _files(folder)
    for name, entry in manifest.files.items():
        path = found.get(name)
        if path is None:
            raise DamagedArtefact(f"{folder / name} is missing. Make the artefact again, or restore the file.")
        size = path.stat().st_size
        if size != entry.bytes:
            raise DamagedArtefact(f"{path} has {size} bytes instead of {entry.bytes}. Restore it.")
        if (digest := file_sha256(path)) != entry.sha256:
            raise DamagedArtefact(f"{path} has the SHA-256 {digest} instead of {entry.sha256}. Restore it.")
    if strangers := sorted(set(found) - set(manifest.files)):
        raise DamagedArtefact(f"{folder} holds {strangers[0]}, which is not in its manifest. Remove it.")
    return manifest


def file_sha256(path: Path) -> str:
    """SHA-256 (hex) of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(folder: Path) -> dict[str, Path]:
    """The artefact's files by their relative path, in the order of the paths; without manifest and scratch."""
    found = {}
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        scratch = any(part.match(SCRATCH) for part in map(Path, relative.parts))
        if path.is_file() and not scratch and relative.as_posix() not in (NAME, NAME + ".tmp"):
            found[relative.as_posix()] = path
    return dict(sorted(found.items()))
