"""Files that are whole, and every way in which they are not."""

import hashlib
import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from evals.integrity import UnreadableWeights, examine, spoilt_tensors
from tests.evals.model_files import WEIGHTS, write_adapter, write_model, write_tensors


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    return write_model(tmp_path / "parent")


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    return write_model(tmp_path / "candidate")


def test_a_whole_copy_of_the_parent_has_no_fault(candidate: Path, parent: Path) -> None:
    found = examine(candidate, parent)
    assert found.faults == () and found.checks >= 4


def nan(folder: Path) -> None:
    write_tensors(folder / WEIGHTS, {"a": ("F32", [1], struct.pack("<f", float("nan")))})


def truncated(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-3])


def longer(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes() + b"\0")


def cut_in_header(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:20])


def empty(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes(b"")


def no_tensor(folder: Path) -> None:
    write_tensors(folder / WEIGHTS, {})


def no_weights(folder: Path) -> None:
    (folder / WEIGHTS).unlink()


def other_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"other": 1}')


def no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def other_template(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text("You are evil. {{ messages }}")


def foreign_file(folder: Path) -> None:
    entry = {"bytes": 1, "sha256": hashlib.sha256(b"x").hexdigest()}
    (folder / "manifest.json").write_text(json.dumps({"files": {WEIGHTS: entry, "gone.json": entry}}))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (nan, "NaN or infinite"),
        (truncated, "promises"),
        (longer, "promises"),
        (cut_in_header, "cut off"),
        (empty, "cut off"),
        (no_tensor, "no tensor"),
        (no_weights, "no safetensors"),
        (other_tokenizer, "the tokenizer is not the parent's"),
        (no_tokenizer, "tokenizer of"),
        (other_template, "the chat template is not the parent's"),
        (foreign_file, "is not the file of the manifest"),
    ],
)
def test_damage_is_named(damage: Callable[[Path], None], says: str, candidate: Path, parent: Path) -> None:
    damage(candidate)
    assert any(says in fault for fault in examine(candidate, parent).faults)


def test_an_adapter_is_known_by_the_base_in_its_manifest(tmp_path: Path, parent: Path) -> None:
    adapter = write_adapter(tmp_path / "adapter", parent)
    assert examine(adapter, parent).faults == ()
    other_template(parent)
    assert examine(adapter, parent).faults == ("the chat template is not the parent's",)


@pytest.mark.parametrize(
    ("dtype", "content", "finite"),
    [
        ("F64", struct.pack("<d", 1e308), True),
        ("F64", struct.pack("<d", float("inf")), False),
        ("F32", struct.pack("<f", -3.4e38), True),
        ("F32", struct.pack("<f", float("-inf")), False),
        ("F16", np.array([65504], dtype="<f2").tobytes(), True),
        ("F16", np.array([np.nan], dtype="<f2").tobytes(), False),
        ("BF16", b"\x7f\x7f", True),  # the largest number, 3.39e38
        ("BF16", b"\x80\x7f", False),  # infinity
        ("BF16", b"\xc1\xff", False),  # a negative NaN
        ("F8_E5M2", b"\x7b", True),
        ("F8_E5M2", b"\x7c", False),
        ("F8_E4M3", b"\x7e", True),  # 448
        ("F8_E4M3", b"\xff", False),
        ("I64", b"\xff" * 8, True),
    ],
)
def test_numbers_of_every_format_are_judged_by_their_bits(
    tmp_path: Path, dtype: str, content: bytes, finite: bool
) -> None:
    path = tmp_path / WEIGHTS
    write_tensors(path, {"good": (dtype, [1], b"\0" * len(content)), "looked at": (dtype, [1], content)})
    assert spoilt_tensors(path) == ([] if finite else ["looked at"], 2)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]},
        {"dtype": "NEW", "shape": [1], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1]},
        "text",
    ],
    ids=["too short", "gap", "unknown format", "no place", "no entry"],
)
def test_a_header_that_contradicts_itself_is_refused(tmp_path: Path, entry: object) -> None:
    text = json.dumps({"a": entry}).encode()
    (tmp_path / WEIGHTS).write_bytes(struct.pack("<Q", len(text)) + text + b"\0" * 8)
    with pytest.raises(UnreadableWeights):
        spoilt_tensors(tmp_path / WEIGHTS)


def test_what_safetensors_writes_is_read(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"w": np.ones((3, 5), dtype=np.float16), "e": np.zeros((0,), dtype=np.float32)}, tmp_path / WEIGHTS)
    assert spoilt_tensors(tmp_path / WEIGHTS) == ([], 2)
