"""Which models a client may name."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from server.context import Context, In, InferenceCaller
from server.errors import NotFound
from server.openapi import errors
from server.snapshot import ALIAS

router = APIRouter(tags=["models"])


class Model(BaseModel):
    """A model, in OpenAI's shape."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "attune"


class ModelList(BaseModel):
    """All models."""

    object: Literal["list"] = "list"
    data: list[Model]


@router.get("/v1/models", responses=errors())
async def list_models(context: In, caller: InferenceCaller) -> ModelList:
    """Lists `attune`, which is whatever is live, and each version that is loaded."""
    return ModelList(data=_models(context))


@router.get("/v1/models/{model}", responses=errors())
async def get_model(model: str, context: In, caller: InferenceCaller) -> Model:
    """Returns one of them."""
    for found in _models(context):
        if found.id == model:
            return found
    raise NotFound(f"There is no model {model!r} here. GET /v1/models lists what there is.", code="model_not_found")


def _models(context: Context) -> list[Model]:
    snapshot = context.poller.current
    loaded = [
        Model(id=f"attune@v{version}", created=int(engines[0].started_at.timestamp()))
        for version, engines in sorted(snapshot.ready.items())
    ]
    live = snapshot.ready.get(snapshot.live_version) if snapshot.live_version is not None else None
    alias = [] if live is None else [Model(id=ALIAS, created=int(live[0].started_at.timestamp()))]
    return alias + loaded
