"""The folder that an engine serves a version from: the version's own, or an adapter merged into its base model."""

import os
import shutil
import sys
from collections.abc import Collection
from pathlib import Path

from ledger.ids import new_id
from ledger.records import ModelVersion
from server.controller.engine_process import EngineProcess, Workplace
from server.controller.errors import EngineFailed
from server.controller.startup import diagnose
from server.log_limits import USUAL, LogLimits

_FOLDER = "merged"


async def weights_folder(
    home: Path, version: ModelVersion, base: ModelVersion, dtype: str, log_limits: LogLimits = USUAL
) -> Path:
    """Gives the folder of a version's whole weights; an adapter's are made if they are not there yet.

    Merged weights are made beside their place and renamed, so a folder that is there is whole.

    Args:
        home: ATTUNE_HOME.
        version: What is to be served.
        base: What it grew from.
        dtype: What the engine computes in.
        log_limits: Of the log of the merging.

    Raises:
        EngineFailed: The adapter cannot be merged; the message says why.
    """
    if version.form != "adapter":
        return Path(version.path)
    place = home / _FOLDER / f"v{version.number}-{version.sha256[:12]}-{dtype}"
    if place.is_dir():
        return place
    half = place.with_suffix(".half")
    shutil.rmtree(half, ignore_errors=True)
    workplace = Workplace.create(home, new_id("merge"), log_limits)
    command = [sys.executable, "-m", "server.controller.merge", base.path, version.path, str(half), dtype]
    process = await EngineProcess.start(workplace, command, dict(os.environ))
    try:
        status = await process.ended()
    finally:
        await process.kill()
    if status != 0:
        log = workplace.log.read_text(errors="replace")
        raise EngineFailed(f"{version.name} cannot be prepared: {diagnose(log, status)} Log: {workplace.log}")
    half.rename(place)
    return place


def discard_merged(home: Path, kept: Collection[int]) -> None:
    """Removes the merged weights of all versions but these; they can be made again."""
    folder = home / _FOLDER
    for place in folder.iterdir() if folder.is_dir() else ():
        if int(place.name.split("-")[0].removeprefix("v")) not in kept:
            shutil.rmtree(place, ignore_errors=True)
