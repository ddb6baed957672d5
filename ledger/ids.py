"""Opaque ids: a prefix that says of what, and 128 random bits."""

import secrets


def new_id(prefix: str) -> str:
    """Returns `<prefix>_<32 hex digits>`."""
    return f"{prefix}_{secrets.token_hex(16)}"
