"""A model's files on disk, and the hash that the ledger knows a model by."""

import hashlib
import os
from pathlib import Path

WEIGHTS = ("*.safetensors", "*.bin", "*.pt", "*.gguf")
_DESCRIPTIONS = ("*.json", "*.jinja", "*.model", "*.txt")


def weight_files(folder: Path) -> list[Path]:
    """The files that hold weights, in the order of their names."""
    return sorted(path for pattern in WEIGHTS for path in folder.glob(pattern))


def fingerprint(folder: Path, cache_folder: Path) -> str:
    """SHA-256 (hex) over the names and contents of a model's files. Hashes of files are kept in `cache_folder`.

    Args:
        folder: Of the model, in Hugging Face's layout.
        cache_folder: Where hashes are kept, by path, size and time of change.
    """
    files = {path for pattern in _DESCRIPTIONS for path in folder.glob(pattern)} | set(weight_files(folder))
    whole = hashlib.sha256()
    for path in sorted(files):
        whole.update(f"{path.name}\0{_file_hash(path, cache_folder)}\n".encode())
    return whole.hexdigest()


def _file_hash(path: Path, cache_folder: Path) -> str:
    status = path.stat()
    identity = f"{path.resolve()}\0{status.st_size}\0{status.st_mtime_ns}"
    kept = cache_folder / hashlib.sha256(identity.encode()).hexdigest()
    if kept.exists():
        return kept.read_text()
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    cache_folder.mkdir(parents=True, exist_ok=True)
    # Renamed into place: the controller and an alignment job can be here at the same moment.
    half = kept.with_suffix(f".{os.getpid()}")
    half.write_text(digest)
    half.rename(kept)
    return digest
