"""What a first start makes: the folder of all state, two keys and the secret that signs the browsers' cookies."""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from ledger import keys
from ledger.clock import utc_now
from ledger.database import Database
from ledger.records import ApiKey


def prepare_secrets(home: Path, database: Database) -> None:
    """Writes `admin.key`, `ui.key` and `ui.secret` (0600) where they are missing or no longer open anything."""
    _ensure_key(home / "admin.key", database, name="admin", owner="admin", scopes=("inference", "feedback", "admin"))
    _ensure_key(home / "ui.key", database, name="chat-ui", owner=keys.CHAT_OWNER, scopes=("inference", "feedback"))
    if not (home / "ui.secret").exists():
        write_secret(home / "ui.secret", secrets.token_hex(32))


def write_secret(path: Path, secret: str) -> None:
    """Writes a secret so that no other user can read it at any moment, and never half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.touch(mode=0o600)
    temporary.write_text(secret + "\n")
    temporary.replace(path)


def _ensure_key(path: Path, database: Database, *, name: str, owner: str, scopes: Sequence[str]) -> None:
    with database.write() as connection:
        if path.exists() and opens(path.read_text().strip(), keys.list_all(connection)):
            return
        _, secret = keys.create(connection, name=name, owner=owner, scopes=scopes)
    write_secret(path, secret)


def opens(secret: str, known: Sequence[ApiKey]) -> bool:
    """Whether a secret is one of the known keys, which is neither revoked nor expired."""
    prefix = keys.prefix_of(secret)
    return any(key.prefix == prefix and key.usable(utc_now()) and keys.verify(secret, key) for key in known)
