"""What runs, as the ledger and the gateway tell it."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from attune.errors import AttuneError
from attune.sizes import Sizes, measure
from ledger import deployments, engines, runs, snapshots
from ledger.clock import iso, utc_now
from ledger.database import Database
from ledger.engines import SILENT_AFTER_S
from ledger.records import Deployment, Engine
from ledger.schema import completions, feedback
from server.canary.decision import Decision
from server.canary.rules import CanaryRules
from server.canary_look import look
from server.controller.lock import holder

_LONGEST_ANSWER = 10_000  # bytes


@dataclass(frozen=True, slots=True)
class Status:
    """What runs.

    Attributes:
        gateway: What `/health/ready` says; None if nothing answers there.
        canary: What the evidence on the canary says now; None if there is no canary.
        silent_s: Seconds since the controller last spoke of each engine, by engine id.
        sizes: What it takes of the disk.
        feedback: All rows that there are, also votes that were taken back or changed.
        new_feedback: Votes since the last alignment run, as `attune align status` counts them.
    """

    deployment: Deployment
    engines: list[Engine]
    silent_s: dict[str, float]
    completions: int
    feedback: int
    new_feedback: int
    gateway: Any
    canary: Decision | None
    sizes: Sizes


def collect(database: Database, gateway_url: str, home: Path, rules: CanaryRules | None = None) -> Status:
    """Reads the ledger and asks the gateway; the canary is judged by `rules`, by default the usual ones.

    A gateway that does not know the home's key is another home's, and not ready for this one.
    """
    with database.read() as connection:
        deployment = deployments.current(connection)
        rows = engines.list_all(connection)
        answered = connection.execute(select(func.count()).select_from(completions)).scalar_one()
        votes = connection.execute(select(func.count()).select_from(feedback)).scalar_one()
        new_votes = snapshots.votes_after(connection, runs.newest_vote_learned(connection))
        seen = look(connection, rules or CanaryRules())
    now = utc_now()
    silent = {row.id: (now - row.updated_at).total_seconds() for row in rows}
    decision = None if seen is None else seen.decision
    gateway, sizes, key_file = ask_gateway(gateway_url), measure(database, home), home / "admin.key"
    if gateway is not None and is_foreign(gateway_url, key_file):
        gateway = {"ready": False, "message": not_ours(gateway_url, key_file)}
    return Status(deployment, rows, silent, answered, votes, new_votes, gateway, decision, sizes)


def describe_no_engine(home: Path) -> str:
    """Say why no engine is known: none is to run, or the controller still fetches or checks the model."""
    controller = holder(home)
    if controller is None:
        return "none; `attune up` starts one"
    log = home / "logs" / "controller.log"
    return f"none yet; the controller, process {controller}, fetches or checks the model: {log}"


def require_ready_engine(database: Database) -> None:
    """Checks that an engine is ready, and that its controller has spoken of it lately.

    Raises:
        AttuneError: There is none; the message says what there is.
    """
    with database.read() as connection:
        rows = engines.list_all(connection)
    now = utc_now()
    if not any(row.state == "ready" and (now - row.updated_at).total_seconds() <= SILENT_AFTER_S for row in rows):
        found = "; ".join(f"{row.state} since {iso(row.updated_at)}: {row.message}" for row in rows)
        raise AttuneError(f"No engine is ready ({found or 'none is known'}).")


def describe_gateway(answer: Any) -> str:
    """Say in a sentence what `ask_gateway` has found."""
    if answer is None:
        return "does not answer"
    if isinstance(answer, Mapping) and isinstance(answer.get("message"), str):
        return f"{'ready' if answer.get('ready') else 'not ready'}: {answer['message']}"
    return "something else answers at its address"


def is_foreign(url: str, key_file: Path) -> bool:
    """Whether the gateway there refuses a key of this home; without a key that can be read nobody can tell."""
    try:
        key = key_file.read_text(encoding="utf-8").strip()
        request = urllib.request.Request(f"{url}/v1/versions", headers={"Authorization": f"Bearer {key}"})
        with _opener().open(request, timeout=3):
            return False
    except urllib.error.HTTPError as error:
        with error:
            return error.code == HTTPStatus.UNAUTHORIZED
    except (OSError, ValueError, HTTPException):
        return False


def not_ours(url: str, key_file: Path) -> str:
    """What to say of a gateway that `is_foreign`."""
    return (
        f"The gateway at {url} does not know the key in {key_file}: it is another home's, or the key is revoked. "
        "Stop it, or set ATTUNE_PORT."
    )


def ask_gateway(url: str) -> Any:
    """What the gateway's `/health/ready` says, ready or not; None if nothing answers that speaks JSON."""
    try:
        with _opener().open(f"{url}/health/ready", timeout=3) as answer:
            return _parsed(answer.read(_LONGEST_ANSWER))
    except urllib.error.HTTPError as error:
        with error:
            return _parsed(error.read(_LONGEST_ANSWER))
    except (OSError, HTTPException):
        return None


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _opener() -> urllib.request.OpenerDirector:
    """Asks without a proxy, whatever the environment says: the gateway is ours."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))
