"""What was last pruned, in a file of the home folder: for `attune status`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ledger.retention.amount import Amount

_NAME = "pruned.json"


@dataclass(frozen=True, slots=True)
class LastPruned:
    """When a kind last lost something, and how much.

    Attributes:
        at: Aware.
    """

    at: datetime
    amount: Amount


@dataclass(frozen=True, slots=True)
class Record:
    """When it was last looked for what to prune, and what was last removed of each kind; times are aware."""

    looked_at: datetime | None
    kinds: Mapping[str, LastPruned]


def read(home: Path) -> Record:
    """Returns what stands in the file; nothing where it is missing or cannot be read."""
    try:
        stored = json.loads((home / _NAME).read_bytes())
        kinds = {
            kind: LastPruned(datetime.fromisoformat(last["at"]), Amount(last["count"], last["bytes"]))
            for kind, last in stored["kinds"].items()
        }
        return Record(datetime.fromisoformat(stored["looked_at"]), kinds)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Record(None, {})


def write(home: Path, found: Mapping[str, Amount], now: datetime) -> None:
    """Notes what was removed now; of the other kinds what was there stays.

    Raises:
        OSError: The file cannot be written.
    """
    kinds = dict(read(home).kinds) | {kind: LastPruned(now, amount) for kind, amount in found.items() if amount.count}
    stored = {
        "looked_at": now.isoformat(),
        "kinds": {
            kind: {"at": last.at.isoformat(), "count": last.amount.count, "bytes": last.amount.bytes}
            for kind, last in kinds.items()
        },
    }
    unfinished = home / f".{_NAME}"
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    unfinished.replace(home / _NAME)
