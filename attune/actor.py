"""Who runs a command."""

import os
from getpass import getuser


def actor() -> str:
    """The name for the audit; a container may have none for its user."""
    try:
        return getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
