"""Running one stage so that it can be killed at any moment: begun, gone on with, or recognised as done."""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from alignment import manifest
from alignment.durable import room_on_disk, write_durably
from alignment.errors import InputChanged
from alignment.manifest import Manifest

Make = Callable[[Path, bool], Mapping[str, Any]]
"""Makes an artefact in a folder, going on from what is there if the second argument says so; returns facts about it."""


def complete(folder: Path, kind: str, inputs: Mapping[str, str], make: Make, *, keep_scratch: bool = False) -> Manifest:
    """Returns a stage's artefact: the one that is there, or one that is made now.

    What a stage is made from is written beside its folder before it begins, so that a half-made artefact is never gone
    on with from other inputs.

    Args:
        folder: Of the stage.
        kind: Name of the stage.
        inputs: SHA-256 (hex) of all that it is made from, by name.
        make: Makes it.
        keep_scratch: Whether checkpoints stay after the manifest is written.

    Raises:
        InputChanged: It was made, or begun, from other inputs.
        DamagedArtefact: It was finished, but a file was changed since.
        DiskFull: There was no room; what was finished before is intact.
    """
    if manifest.is_whole(folder):
        found = manifest.verify(folder)
        _require_same(found.inputs, inputs, folder)
        return found
    begun = folder.with_name(folder.name + ".inputs.json")
    with room_on_disk(_existing(folder)):
        if begun.exists():
            _require_same(json.loads(begun.read_bytes()), inputs, folder)
        folder.mkdir(parents=True, exist_ok=True)
        write_durably(begun, json.dumps(dict(inputs), indent=2, sort_keys=True).encode())
        facts = make(folder, any(folder.iterdir()))
        made = manifest.write(folder, kind, inputs=inputs, facts=facts)
    if not keep_scratch:
        for scratch in folder.rglob(manifest.SCRATCH):
            shutil.rmtree(scratch, ignore_errors=True)
    return made


def digest(value: Any) -> str:
    """SHA-256 (hex) of a JSON value, the same whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def _require_same(before: Mapping[str, str], now: Mapping[str, str], folder: Path) -> None:
    for name in sorted(set(before) | set(now)):
        if before.get(name) != now.get(name):
            raise InputChanged(
                f"{folder} was made from the {name.replace('_', ' ')} {before.get(name, '(none)')}, and now it would "
                f"be {now.get(name, '(none)')}. The run cannot go on with it: restore the input, or start a new run."
            )


def _existing(folder: Path) -> Path:
    """The folder itself or the nearest one above it that is there, to ask for free space."""
    return next(path for path in (folder, *folder.parents) if path.exists())
