"""How a model samples where a request does not say: as its own files have it, which vLLM reads when it starts."""

from pathlib import Path

import orjson
from pydantic import BaseModel, Field, ValidationError


class OwnSampling(BaseModel):
    """A model's own values; vLLM takes 1 for what the model's files leave open."""

    temperature: float = Field(default=1.0, ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)


def own_sampling(base: str) -> OwnSampling | None:
    """Return what the `generation_config.json` of a base model says.

    Args:
        base: Its folder; it may be a URL, or a folder of another machine.

    Returns:
        None where the folder cannot be read, or holds something else under that name.
    """
    folder = Path(base)
    if not folder.is_absolute():
        return None
    try:
        if not (folder / "config.json").is_file():
            return None
        said = orjson.loads((folder / "generation_config.json").read_bytes())
        return OwnSampling.model_validate({name: value for name, value in said.items() if value is not None})
    except FileNotFoundError:
        return OwnSampling()
    except (OSError, ValueError, AttributeError, ValidationError):
        return None
