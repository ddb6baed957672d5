"""Model folders of a few bytes, written by hand, so that numbers can stand in them that no library writes."""

import json
import struct
from pathlib import Path

import numpy as np

from evals.integrity import chat_template_sha256, tokenizer_sha256

WEIGHTS = "model.safetensors"


def write_tensors(path: Path, tensors: dict[str, tuple[str, list[int], bytes]]) -> None:
    """A safetensors file: by name, format, shape and content of each tensor."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def write_model(folder: Path) -> Path:
    """What is looked at of a model: weights, tokenizer, chat template."""
    folder.mkdir(parents=True)
    numbers = np.array([1.0, -2.0, 0.0, 3e38], dtype="<f4").tobytes()
    write_tensors(folder / WEIGHTS, {"a": ("F32", [2, 2], numbers), "b": ("BF16", [2], b"\x80\x3f\x00\x00")})
    (folder / "tokenizer.json").write_text("{}")
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    return folder


def write_adapter(folder: Path, base: Path) -> Path:
    """What is looked at of a registered adapter: weights, and the manifest that names its base's tokenizer."""
    folder.mkdir(parents=True)
    write_tensors(folder / "adapter_model.safetensors", {"a": ("F32", [1], struct.pack("<f", 1.0))})
    (folder / "adapter_config.json").write_text(json.dumps({"r": 2}))
    known = {"tokenizer_sha256": tokenizer_sha256(base), "chat_template_sha256": chat_template_sha256(base)}
    (folder / "manifest.json").write_text(json.dumps({"files": {}, "facts": {"base_model": known}}))
    return folder
