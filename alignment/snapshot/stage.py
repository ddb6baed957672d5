"""The snapshot's files: rows for training and for measuring, and the prompts of each part."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from alignment.manifest import Manifest
from alignment.preferences import CORRECTIONS, FROM_FILE, Comparison, Message, Thumb, read_rows, write_rows
from alignment.snapshot.candidates import Collected
from alignment.snapshot.clean import clean
from alignment.snapshot.config import SnapshotConfig
from alignment.snapshot.split import Split, prompt_key
from ledger.votes import VOTE_SEPARATOR

PARTS = ("train", "heldout")

R = TypeVar("R", Comparison, Thumb)


class PartCounts(BaseModel):
    """What one part of a snapshot holds.

    Attributes:
        thumbs_up: Liked answers, and so on.
        comparisons: All, corrections too.
        raters: Different people who are known by an id; a file can leave them out.
        unnamed: Rows without a rater.
        new_raters: Of the held-out part: people of whom nothing stands in the training part.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    thumbs_up: int
    thumbs_down: int
    comparisons: int
    corrections: int
    prompts: int
    raters: int
    unnamed: int
    new_raters: int


class SnapshotCounts(BaseModel):
    """What was read, what went for which reason, and what each part holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    read: dict[str, int]
    dropped: dict[str, int]
    train: PartCounts
    heldout: PartCounts
    sources: dict[str, int]


def write(collected: Collected, config: SnapshotConfig, out: Path) -> SnapshotCounts:
    """Cleans and splits what was collected, and writes all files of a snapshot but the manifest.

    The same feedback gives the same bytes.
    """
    out.mkdir(parents=True, exist_ok=True)
    # Of all that was read: what is dropped may differ from run to run, and must not move what stays.
    split = Split([candidate.row.prompt for candidate in collected.candidates], config.heldout_share)
    rows = clean(collected, config)
    parts: dict[str, list[Comparison | Thumb]] = {part: [] for part in PARTS}
    for row in rows:
        parts["heldout" if split.is_heldout(row.prompt) else "train"].append(row)
    for part, of_part in parts.items():
        write_rows(out / f"comparisons.{part}.jsonl", _of(of_part, Comparison))
        write_rows(out / f"thumbs.{part}.jsonl", _of(of_part, Thumb))
        _write_prompts(out / f"prompts.{part}.jsonl", of_part)
    known = {row.rater for row in parts["train"]}
    return SnapshotCounts(
        read=dict(sorted(collected.read.items())),
        dropped={reason: count for reason, count in sorted(collected.dropped.items()) if count},
        train=_counts(parts["train"], known),
        heldout=_counts(parts["heldout"], known),
        sources=dict(sorted(Counter(row.source for row in rows).items())),
    )


def counts_of(of: Manifest) -> SnapshotCounts:
    """The counts that a snapshot's manifest holds."""
    return SnapshotCounts.model_validate(of.facts["counts"])


def content_sha256(of: Manifest) -> str:
    """SHA-256 (hex) over the names and hashes of the files, in their order: what the snapshot is known by."""
    whole = hashlib.sha256()
    for name, entry in sorted(of.files.items()):
        whole.update(f"{name}\0{entry.sha256}\n".encode())
    return whole.hexdigest()


def feedback_ids(folder: Path) -> list[str]:
    """The votes that a snapshot's rows were made of, each once; empty for one that was made from a file."""
    rows: list[Comparison | Thumb] = []
    for part in PARTS:
        rows += read_rows(folder / f"comparisons.{part}.jsonl", Comparison)
        rows += read_rows(folder / f"thumbs.{part}.jsonl", Thumb)
    return sorted({vote for row in rows if row.source not in FROM_FILE for vote in row.id.split(VOTE_SEPARATOR)})


def _of(rows: Iterable[Comparison | Thumb], kind: type[R]) -> list[R]:
    return [row for row in rows if isinstance(row, kind)]


def _write_prompts(path: Path, rows: Sequence[Comparison | Thumb]) -> None:
    """Each prompt once; of those that differ in case or white space only, the first."""
    prompts: dict[str, tuple[Message, ...]] = {}
    for row in rows:
        prompts.setdefault(prompt_key(row.prompt), row.prompt)
    lines = (
        json.dumps({"prompt": [message.model_dump() for message in prompt]}, ensure_ascii=False) + "\n"
        for prompt in prompts.values()
    )
    path.write_text("".join(lines), encoding="utf-8")


def _counts(rows: Sequence[Comparison | Thumb], known: set[str]) -> PartCounts:
    thumbs, comparisons = _of(rows, Thumb), _of(rows, Comparison)
    raters = {row.rater for row in rows if row.rater}
    return PartCounts(
        thumbs_up=sum(thumb.liked for thumb in thumbs),
        thumbs_down=sum(not thumb.liked for thumb in thumbs),
        comparisons=len(comparisons),
        corrections=sum(row.source in CORRECTIONS for row in comparisons),
        prompts=len({prompt_key(row.prompt) for row in rows}),
        raters=len(raters),
        unnamed=sum(not row.rater for row in rows),
        new_raters=len(raters - known),
    )
