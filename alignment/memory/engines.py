"""The engines of this machine, as the ledger knows them, and what they may come to hold."""

from pathlib import Path

from sqlalchemy import Connection

from alignment.memory.limit import EngineMemory
from ledger import engines, versions
from ledger.model_files import weight_files

_SOCKET = "unix://"


def engines_here(connection: Connection, cache_bytes: int) -> list[EngineMemory]:
    """Returns the engines that listen on a socket of this machine.

    Args:
        connection: For reading.
        cache_bytes: Of an engine's key-value cache.
    """
    bases = versions.bases(connection)
    found = []
    for engine in engines.list_all(connection):
        local = engine.url.startswith(_SOCKET) and Path(engine.url.removeprefix(_SOCKET)).exists()
        if engine.pid is None or not local or engine.version_number not in bases:
            continue
        folder = Path(versions.get(connection, bases[engine.version_number]).path)
        weights = sum(path.stat().st_size for path in weight_files(folder))
        found.append(EngineMemory(engine.pid, weights, cache_bytes))
    return found
