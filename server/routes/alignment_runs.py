"""Alignment runs: what each learned from, how well, and what became of it. Needs the scope `admin`."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ValidationError
from sqlalchemy import Connection

from ledger import runs, snapshots, versions
from ledger.records import AlignmentRun
from ledger.runs import RunState
from server import run_pictures
from server.context import AdminCaller, In
from server.openapi import answers, errors
from server.requests.page import Limit

router = APIRouter(tags=["alignment"])

RunId = Annotated[str, Path(pattern=r"^run_[0-9a-f]{1,64}$")]
Name = Annotated[str, Path(pattern=r"^[a-z][a-z_-]{0,40}$")]

_REWARD_MODEL = "reward-model"


class EstimateAnswer(BaseModel):
    """A figure from `n` rows with its 95 % interval; null where the rows do not give it."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class JudgeQuality(BaseModel):
    """How well the reward model agrees with people on rows that it did not see, and how well controls do.

    `within_prompts` is the AUROC of thumbs on answers to one prompt, and `prompts_only` that of a control that sees
    prompts and no answers. Both are null in runs of older releases.
    """

    accuracy: EstimateAnswer | None
    auroc: EstimateAnswer | None
    within_prompts: EstimateAnswer | None
    prompts_only: EstimateAnswer | None
    longer_wins_accuracy: EstimateAnswer | None
    longer_wins_auroc: EstimateAnswer | None


class RunAnswer(BaseModel):
    """A run. `version` is the one that it made; `policy` holds the figures on held-out rows."""

    id: str
    object: Literal["alignment.run"] = "alignment.run"
    state: RunState
    stage: str
    parent: int | None
    version: int | None
    snapshot: str | None
    algorithm: str | None
    reward_model: JudgeQuality
    policy: dict[str, EstimateAnswer]
    energy_joules: float | None
    error: str | None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class WholeRunAnswer(RunAnswer):
    """A run with its configuration, all that its stages found, and its pictures as `stage/name`."""

    config: dict[str, Any]
    metrics: dict[str, Any]
    pictures: list[str]


class RunList(BaseModel):
    """The latest runs, newest first; and how many votes have come since the last that was finished."""

    object: Literal["list"] = "list"
    data: list[RunAnswer]
    new_feedback: int


@router.get("/v1/alignment/runs", responses=errors())
async def list_runs(context: In, caller: AdminCaller, limit: Limit = 20) -> RunList:
    """Lists the latest runs."""
    return await context.ledger.read(_list, limit, await context.ledger.busy(runs.LOCK))


@router.get("/v1/alignment/runs/{run}", responses=errors())
async def get_run(run: RunId, context: In, caller: AdminCaller) -> WholeRunAnswer:
    """Returns a run with all its figures."""
    pictures = await asyncio.to_thread(run_pictures.names, context.runs_folder, run)
    return await context.ledger.read(_whole, run, await context.ledger.busy(runs.LOCK), pictures)


@router.get(
    "/v1/alignment/runs/{run}/pictures/{stage}/{name}",
    response_class=Response,
    responses=answers("image/png", "The picture") | errors(),
)
async def get_picture(run: RunId, stage: Name, name: Name, context: In, caller: AdminCaller) -> Response:
    """Returns a picture of a run, such as `ppo/curves`, if the run's folder is on this machine."""
    png = await asyncio.to_thread(run_pictures.read, context.runs_folder, run, stage, name)
    return Response(png, media_type="image/png")


def _list(connection: Connection, limit: int, active: bool) -> RunList:
    found = runs.latest(connection, limit)
    states = runs.states(found, active)
    made = versions.numbers_by_run(connection, [run.id for run in found])
    return RunList(
        data=[RunAnswer(**_fields(run, states[run.id], made.get(run.id))) for run in found],
        new_feedback=snapshots.votes_after(connection, runs.newest_vote_learned(connection)),
    )


def _whole(connection: Connection, run_id: str, active: bool, pictures: list[str]) -> WholeRunAnswer:
    run = runs.get(connection, run_id)
    newest = runs.latest(connection, 100)  # a run that goes on is among them
    state = runs.states([run, *(other for other in newest if other.id != run_id)], active)[run_id]
    made = versions.numbers_by_run(connection, [run_id]).get(run_id)
    fields = _fields(run, state, made)
    return WholeRunAnswer(**fields, config=dict(run.config), metrics=dict(run.metrics), pictures=pictures)


def _fields(run: AlignmentRun, state: RunState, made: int | None) -> dict[str, Any]:
    algorithm = _at(run.metrics, "choice", "algorithm")
    heldout = _at(run.metrics, str(algorithm), "report", "heldout")
    figures = {name: _estimate(found) for name, found in heldout.items()} if isinstance(heldout, Mapping) else {}
    judge = _at(run.metrics, _REWARD_MODEL, "report")
    return {
        "id": run.id,
        "state": state,
        "stage": run.stage,
        "parent": run.parent_number,
        "version": made,
        "snapshot": run.snapshot_id,
        "algorithm": algorithm,
        "reward_model": JudgeQuality(
            accuracy=_estimate(_at(judge, "heldout", "accuracy")),
            auroc=_estimate(_at(judge, "heldout", "auroc")),
            within_prompts=_estimate(_at(judge, "heldout", "within_prompts")),
            prompts_only=_estimate(_at(judge, "prompts_only")),
            longer_wins_accuracy=_estimate(_at(judge, "longer_wins", "accuracy")),
            longer_wins_auroc=_estimate(_at(judge, "longer_wins", "auroc")),
        ),
        "policy": {name: figure for name, figure in figures.items() if figure is not None},
        "energy_joules": run.energy_joules,
        "error": run.error,
        "created_at": run.created_at,
        "updated_at": run.updated_at,
        "finished_at": run.finished_at,
    }


def _at(value: Any, *names: str) -> Any:
    """What stands in a report under these names; None where a run came not so far, or an older release wrote it."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _estimate(found: Any) -> EstimateAnswer | None:
    try:
        return EstimateAnswer.model_validate(found)
    except ValidationError:
        return None
