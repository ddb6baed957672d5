"""Which models a client may name."""

import asyncio
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ledger.records import Engine
from server.context import Context, In, InferenceCaller
from server.errors import NotFound
from server.openapi import errors
from server.own_sampling import OwnSampling, own_sampling
from server.snapshot import ALIAS

router = APIRouter(tags=["models"])


class Model(BaseModel):
    """A model, in OpenAI's shape."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "attune"
    max_model_len: int | None = Field(
        description="Tokens that a prompt and its answer may have together; null while the engine does not say it."
    )
    default_sampling: OwnSampling | None = Field(
        description="How the model samples where a request does not say; null while the gateway cannot read its files."
    )


class ModelList(BaseModel):
    """All models."""

    object: Literal["list"] = "list"
    data: list[Model]


@router.get("/v1/models", responses=errors())
async def list_models(context: In, caller: InferenceCaller) -> ModelList:
    """Lists `attune`, which is whatever is live, and each version that is loaded."""
    return ModelList(data=await _models(context))


@router.get("/v1/models/{model}", responses=errors())
async def get_model(model: str, context: In, caller: InferenceCaller) -> Model:
    """Returns one of them."""
    for found in await _models(context):
        if found.id == model:
            return found
    raise NotFound(f"There is no model {model!r} here. GET /v1/models lists what there is.", code="model_not_found")


async def _models(context: Context) -> list[Model]:
    snapshot = context.poller.current
    loaded = {version: await _model(context, engines[0]) for version, engines in sorted(snapshot.ready.items())}
    live = loaded.get(snapshot.live_version) if snapshot.live_version is not None else None
    return ([] if live is None else [live.model_copy(update={"id": ALIAS})]) + list(loaded.values())


async def _model(context: Context, engine: Engine) -> Model:
    base = context.poller.current.bases.get(engine.version_number, "")
    return Model(
        id=f"attune@v{engine.version_number}",
        created=int(engine.started_at.timestamp()),
        max_model_len=await context.lines.upstream.context_length(engine),
        default_sampling=await asyncio.to_thread(own_sampling, base),
    )
