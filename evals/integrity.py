"""Whether a model's files are whole, and its tokenizer and chat template those of its parent. Needs no torch."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "merges.txt", "tekken.json")
_MANIFEST = "manifest.json"
_CHUNK = 1 << 24  # numbers looked at in one go
# Of the number formats of safetensors: bytes of a number, and for floats the bits of the exponent. A number is NaN or
# infinite when all of these are set; of the formats of one byte only E5M2 has infinities.
_BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E5M2": 1, "F8_E4M3": 1,
    "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}  # fmt: skip
_EXPONENT = {"F64": 0x7FF0 << 48, "F32": 0x7F80_0000, "F16": 0x7C00, "BF16": 0x7F80, "F8_E5M2": 0x7C}
_E4M3_NAN = 0x7F
_UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


class UnreadableWeights(Exception):
    """The file is no whole safetensors file; the message says why. It is not an `EvalsError`: the gate refuses it."""


class Integrity(BaseModel):
    """What was found.

    Attributes:
        checks: How many things were looked at.
        faults: What is wrong, a sentence each.
    """

    model_config = ConfigDict(frozen=True)

    checks: int
    faults: tuple[str, ...]


def examine(candidate: Path, parent: Path) -> Integrity:
    """Reads every weight of the candidate, and compares its tokenizer and chat template with the parent's.

    Args:
        candidate: Folder of a model in Hugging Face's layout, or of an adapter that `attune align` registered.
        parent: The same, of its parent.
    """
    files = sorted(candidate.glob("*.safetensors"))
    faults = [fault for path in files for fault in _weight_faults(path)]
    if not files:
        faults.append(f"{candidate} holds no safetensors file")
    faults += _manifest_faults(candidate)
    for what, ours, theirs in zip(("tokenizer", "chat template"), _texts_of(candidate), _texts_of(parent), strict=True):
        if ours is None or theirs is None:
            faults.append(f"the {what} of {parent if ours is not None else candidate} is not known")
        elif ours != theirs:
            faults.append(f"the {what} is not the parent's")
    return Integrity(checks=len(files) + 3, faults=tuple(faults))


def spoilt_tensors(path: Path) -> tuple[list[str], int]:
    """Names of the tensors with NaN or infinite numbers in a safetensors file, and how many tensors there are.

    Raises:
        UnreadableWeights: It is no safetensors file, it is cut off, or its header contradicts itself.
    """
    entries, start = _header(path)
    spoilt = [name for name, entry in entries.items() if not _finite(path, start, entry)]
    return spoilt, len(entries)


def chat_template_sha256(model: Path) -> str:
    """SHA-256 (hex) of the text of a model's chat template; of the empty text where it has none."""
    template = model / "chat_template.jinja"
    if template.is_file():
        text = template.read_text(encoding="utf-8")
    else:
        settings = model / "tokenizer_config.json"
        text = (json.loads(settings.read_bytes()).get("chat_template") or "") if settings.is_file() else ""
    return hashlib.sha256(str(text).encode()).hexdigest()


def tokenizer_sha256(model: Path) -> str:
    """SHA-256 (hex) over the names and contents of the files that make up a model's tokenizer."""
    whole = hashlib.sha256()
    for name in _TOKENIZER_FILES:
        if (model / name).is_file():
            whole.update(f"{name}\0{_file_sha256(model / name)}\n".encode())
    return whole.hexdigest()


def _header(path: Path) -> tuple[dict[str, Mapping[str, Any]], int]:
    """The tensors' entries and where the first begins.

    https://huggingface.co/docs/safetensors: 8 bytes little-endian length of the header, the header in JSON, the tensors
    without a gap.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8:
            raise UnreadableWeights(f"{path.name} is cut off in its header or is no safetensors file")
        try:
            header = json.loads(file.read(length))
            entries: dict[str, Mapping[str, Any]] = {
                str(name): dict(entry) for name, entry in header.items() if name != "__metadata__"
            }
            spans = sorted(_span(entry) for entry in entries.values())
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UnreadableWeights(f"{path.name} has a header that cannot be read: {error}") from error
    end = 0
    for first, last in spans:
        if first != end:
            raise UnreadableWeights(f"{path.name} has tensors that overlap or leave a gap")
        end = last
    if size != 8 + length + end:
        raise UnreadableWeights(f"{path.name} has {size} bytes, and its header promises {8 + length + end}")
    return entries, 8 + length


def _span(entry: Mapping[str, Any]) -> tuple[int, int]:
    """First byte and the one after the last, which must agree with format and shape."""
    first, last = entry["data_offsets"]
    wanted = math.prod(entry["shape"]) * _BYTES[entry["dtype"]]
    if last - first != wanted:
        raise ValueError(f"a tensor of {entry['dtype']} {entry['shape']} has {last - first} bytes")
    return int(first), int(last)


def _finite(path: Path, start: int, entry: Mapping[str, Any]) -> bool:
    """Whether no number of a tensor is NaN or infinite, by its bits: numpy has no bfloat16."""
    dtype, (first, last) = entry["dtype"], _span(entry)
    if first == last or not dtype.startswith(("F", "BF")):
        return True
    kind = _UNSIGNED[_BYTES[dtype]]
    bits: NDArray[Any] = np.memmap(path, dtype=np.uint8, mode="r", offset=start + first, shape=(last - first,))
    return all(_chunk_finite(chunk.view(kind), dtype) for chunk in _chunks(bits, np.dtype(kind).itemsize))


def _chunks(bits: NDArray[Any], itemsize: int) -> Iterator[NDArray[Any]]:
    step = _CHUNK * itemsize
    return (np.array(bits[at : at + step]) for at in range(0, len(bits), step))


def _chunk_finite(numbers: NDArray[Any], dtype: str) -> bool:
    if dtype == "F8_E4M3":
        return not bool(((numbers & _E4M3_NAN) == _E4M3_NAN).any())
    exponent = numbers.dtype.type(_EXPONENT[dtype])
    return not bool(((numbers & exponent) == exponent).any())


def _weight_faults(path: Path) -> Iterator[str]:
    try:
        spoilt, tensors = spoilt_tensors(path)
    except (UnreadableWeights, OSError) as error:
        yield f"weights: {error}"
        return
    if not tensors:
        yield f"weights: {path.name} holds no tensor"
    if spoilt:
        share = f"{len(spoilt)} of {tensors} tensors"
        yield f"weights: {path.name} has NaN or infinite numbers in {share}, such as {spoilt[0]}"


def _manifest_faults(folder: Path) -> Iterator[str]:
    """Compares the files with the folder's manifest, where it has one: a model that Attune was given has none."""
    if not (folder / _MANIFEST).is_file():
        return
    try:
        files = json.loads((folder / _MANIFEST).read_bytes())["files"]
        expected = {str(name): str(entry["sha256"]) for name, entry in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        yield f"the manifest cannot be read: {error}"
        return
    for name, sha256 in expected.items():
        path = folder / name
        if not path.is_file():
            yield f"{name} is missing"
        elif _file_sha256(path) != sha256:
            yield f"{name} is not the file of the manifest"


def _texts_of(folder: Path) -> Sequence[str | None]:
    """Hashes of tokenizer and chat template: of the folder's own, else of the base that an adapter's manifest names."""
    if any((folder / name).is_file() for name in _TOKENIZER_FILES):
        return tokenizer_sha256(folder), chat_template_sha256(folder)
    try:
        base = json.loads((folder / _MANIFEST).read_bytes())["facts"]["base_model"]
        return str(base["tokenizer_sha256"]), str(base["chat_template_sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None, None


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
