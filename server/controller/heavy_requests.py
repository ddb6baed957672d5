"""Whether an engine may have been ended by a request that demanded an answer within a JSON schema.

To compile such a schema may take a process of the engine all of its time and memory, and goes on when its sender has
hung up. Gateways and controller share nothing but the ledger; there every request that was with an engine has a row
within a second after it ended, whether it was answered or broke off.
"""

import logging
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from ledger.clock import utc_now
from ledger.database import Database
from ledger.errors import Unavailable
from ledger.importing.origin import own
from ledger.schema import completions

log = logging.getLogger(__name__)

_LONGEST_REQUEST = timedelta(minutes=15)


def ended_one(database: Database, versions: Collection[int] | None, compile_s: float) -> bool:
    """Whether a constrained request broke off, or was given up by its sender, shortly before now.

    Args:
        database: The ledger; while it is away, the answer is no.
        versions: Of these versions; None for any.
        compile_s: How long a schema may be compiled after its sender has hung up, in seconds.
    """
    now = utc_now()
    wanted = completions.c.status.in_(("error", "partial")) & (completions.c.created_at >= now - _LONGEST_REQUEST)
    wanted &= own()
    if versions is not None:
        wanted &= completions.c.model_version.in_(versions)
    query = select(completions.c.created_at, completions.c.duration_ms, completions.c.params).where(wanted)
    try:
        with database.read() as connection:
            rows = connection.execute(query).all()
    except Unavailable as error:
        log.warning("it cannot be looked up which requests an engine was ended with: %s", error)
        return False
    since = now - timedelta(seconds=compile_s)
    return any(
        _demands_a_grammar(params) and created_at + timedelta(milliseconds=duration_ms or 0) >= since
        for created_at, duration_ms, params in rows
    )


def _demands_a_grammar(params: Mapping[str, Any]) -> bool:
    """Whether an engine compiles a grammar for a request; for tools that the model may leave alone it does not."""
    text = params.get("text")
    forms = (params.get("response_format"), text.get("format") if isinstance(text, dict) else None)
    if any(isinstance(form, dict) and form.get("type") != "text" for form in forms):
        return True
    return bool(params.get("tools")) and params.get("tool_choice", "auto") not in ("auto", "none", None)
