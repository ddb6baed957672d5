"""What runs, as the ledger and the gateway tell it."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from attune.errors import AttuneError
from attune.sizes import Sizes, measure
from ledger import deployments, engines
from ledger.clock import utc_now
from ledger.database import Database
from ledger.engines import SILENT_AFTER_S
from ledger.records import Deployment, Engine
from ledger.schema import completions, feedback
from server.canary.decision import Decision
from server.canary.rules import CanaryRules
from server.canary_look import look


@dataclass(frozen=True, slots=True)
class Status:
    """What runs.

    Attributes:
        gateway: What `/health/ready` says; None if nothing answers there.
        canary: What the evidence on the canary says now; None if there is no canary.
        silent_s: Seconds since the controller last spoke of each engine, by engine id.
        sizes: What it takes of the disk.
    """

    deployment: Deployment
    engines: list[Engine]
    silent_s: dict[str, float]
    completions: int
    feedback: int
    gateway: Any
    canary: Decision | None
    sizes: Sizes


def collect(database: Database, gateway_url: str, home: Path, rules: CanaryRules | None = None) -> Status:
    """Reads the ledger and asks the gateway; the canary is judged by `rules`, by default the usual ones."""
    with database.read() as connection:
        deployment = deployments.current(connection)
        rows = engines.list_all(connection)
        answered = connection.execute(select(func.count()).select_from(completions)).scalar_one()
        votes = connection.execute(select(func.count()).select_from(feedback)).scalar_one()
        seen = look(connection, rules or CanaryRules())
    now = utc_now()
    silent = {row.id: (now - row.updated_at).total_seconds() for row in rows}
    decision = None if seen is None else seen.decision
    gateway, sizes = ask_gateway(gateway_url), measure(database, home)
    return Status(deployment, rows, silent, answered, votes, gateway, decision, sizes)


def require_ready_engine(database: Database) -> None:
    """Checks that an engine is ready, and that its controller has spoken of it lately.

    Raises:
        AttuneError: There is none; the message says what there is.
    """
    with database.read() as connection:
        rows = engines.list_all(connection)
    now = utc_now()
    if not any(row.state == "ready" and (now - row.updated_at).total_seconds() <= SILENT_AFTER_S for row in rows):
        found = "; ".join(f"{row.state} since {row.updated_at:%H:%M:%S} UTC: {row.message}" for row in rows)
        raise AttuneError(f"No engine is ready ({found or 'none is known'}).")


def ask_gateway(url: str) -> Any:
    """What the gateway's `/health/ready` says; None if nothing answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/health/ready", timeout=3) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return {"status": error.code, "detail": error.read(1000).decode(errors="replace")}
    except (OSError, ValueError):
        return None
