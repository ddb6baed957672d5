"""Whose the home folder is: files that another user leaves in it are in the way of its owner's next command."""

import os
import pwd
import shlex
from pathlib import Path

from ledger.errors import Misconfigured


def require_owner(home: Path, command: str) -> None:
    """Check that this process may leave files in the home folder which its owner can use.

    Root may write anywhere, and so must be told; another user may share a folder that its group may write, as volumes
    of Kubernetes are. A folder that is not there yet is nobody's.

    Args:
        home: ATTUNE_HOME.
        command: What is to be run, as a shell would take it, for the message.

    Raises:
        Misconfigured: The folder is another user's; the message has the command that runs as that user.
    """
    try:
        owner = home.stat().st_uid
    except (FileNotFoundError, NotADirectoryError):
        return
    except PermissionError as error:
        raise Misconfigured(f"The home folder {home} may not be entered by {_name(os.geteuid())}. {_FIX}") from error
    mine = os.geteuid()
    if owner == mine or (mine != 0 and os.access(home, os.W_OK | os.X_OK)):
        return
    whose = f"The home folder {home} belongs to {_name(owner)}, and this command runs as {_name(mine)}."
    if owner == 0:
        raise Misconfigured(f"{whose} Give it to that user: `chown -R {_name(mine)}: {shlex.quote(str(home))}`.")
    as_owner = f"sudo -u {shlex.quote(_name(owner))} ATTUNE_HOME={shlex.quote(str(home))} {command}"
    raise Misconfigured(f"{whose} What it left there would be in the owner's way. Run `{as_owner}`.")


_FIX = "Run the command as the user who owns it, or set ATTUNE_HOME to a folder of your own."


def _name(uid: int) -> str:
    """A user's name, or the number as sudo takes it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"
