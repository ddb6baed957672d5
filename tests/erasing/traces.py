"""Looking for a text in every byte below a folder, also in what is packed."""

import gzip
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path


def traces(folder: Path, text: str) -> list[str]:
    """The files below a folder that hold the text or are named by it, in UTF-8 or UTF-16, also within zip and gzip."""
    needles = [text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be")]
    found = []
    for path in sorted(folder.rglob("*")):
        if text in path.name:
            found.append(str(path))
        if path.is_file() and any(needle in content for content in _contents(path.read_bytes()) for needle in needles):
            found.append(str(path))
    return found


def _contents(raw: bytes) -> Iterator[bytes]:
    yield raw
    if raw.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            for name in archive.namelist():
                yield from _contents(archive.read(name))
    elif raw.startswith(b"\x1f\x8b"):
        yield from _contents(gzip.decompress(raw))
