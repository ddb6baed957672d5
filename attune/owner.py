"""Commands leave files in the home folder, so they run as its owner only."""

import shlex
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typer._click.core import Command

_LEAVE_NOTHING = frozenset({"settings"})


def for_the_owner(command: "Command", arguments: Sequence[str]) -> "Command":
    """Have every command below `command` refuse to run as another user than the home folder's owner.

    Reading commands too: they lock the ledger, and the lock files stay. `--help` and wrong usage are told to everybody.

    Args:
        command: Of the command line, as it was made for these arguments.
        arguments: As they were given, for the message.
    """
    for name, child in getattr(command, "commands", {}).items():
        if name not in _LEAVE_NOTHING:
            for_the_owner(child, arguments)
    if not hasattr(command, "commands") and command.callback is not None:
        command.callback = _guarded(command.callback, arguments)
    return command


def _guarded(run: Callable[..., Any], arguments: Sequence[str]) -> Callable[..., Any]:
    @wraps(run)
    def guarded(*given: Any, **options: Any) -> Any:
        from ledger.home_owner import require_owner
        from ledger.settings import LedgerSettings, load

        settings: LedgerSettings = load(LedgerSettings)
        require_owner(settings.resolved_home, shlex.join(["attune", *arguments]))
        return run(*given, **options)

    return guarded
