"""The pictures that an alignment run lays beside its reports: `runs/RUN/STAGE/NAME.png` in the home folder."""

from pathlib import Path

from server.errors import NotFound

LARGEST_BYTES = 8 * 2**20


def names(runs_folder: Path | None, run_id: str) -> list[str]:
    """Returns the run's pictures as `stage/name`; none where the run was made on a machine whose disk is not here."""
    if runs_folder is None:
        return []
    found = (runs_folder / run_id).glob("*/*.png")
    return sorted(f"{path.parent.name}/{path.stem}" for path in found if _is_ours(path, runs_folder))


def read(runs_folder: Path | None, run_id: str, stage: str, name: str) -> bytes:
    """Returns one picture.

    Args:
        runs_folder: Of all runs.
        run_id: Of the run; like the next two, without a slash or a dot.
        stage: Of the run.
        name: Of the file, without its suffix.

    Raises:
        NotFound: It is not on this machine.
    """
    path = None if runs_folder is None else runs_folder / run_id / stage / f"{name}.png"
    if path is None or runs_folder is None or not _is_ours(path, runs_folder):
        raise NotFound(f"There is no picture {stage}/{name} of {run_id} on the gateway's machine.")
    return path.read_bytes()


def _is_ours(path: Path, runs_folder: Path) -> bool:
    """Whether it is a file below the folder, not a link to elsewhere, and of a picture's size."""
    real = path.resolve()
    return real.is_relative_to(runs_folder.resolve()) and real.is_file() and real.stat().st_size <= LARGEST_BYTES
