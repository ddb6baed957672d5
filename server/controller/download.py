"""Fetching a model from the Hugging Face hub."""

import re
from collections.abc import Callable
from pathlib import Path

from server.controller.errors import ModelUnusable

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_WANTED = ["*.json", "*.safetensors", "*.jinja", "*.model", "*.txt"]


def is_hub_id(model: str) -> bool:
    """Whether `model` names a model of the hub: it looks like `Qwen/Qwen3-0.6B`, and there is no such folder here."""
    return _HUB_ID.fullmatch(model) is not None and not Path(model).is_dir()


def locate(model: str, report: Callable[[str], None]) -> Path:
    """The folder of a model; fetched first, if `model` is a hub id and not a folder.

    Args:
        model: A folder, or a hub id such as `Qwen/Qwen3-0.6B`.
        report: Told what is being done, in a sentence.

    Raises:
        ModelUnusable: There is no such folder or hub model, or it cannot be fetched.
    """
    if not is_hub_id(model):
        return Path(model).expanduser()
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    report(f"fetching {model} from the hub")
    try:
        return Path(snapshot_download(model, allow_patterns=_WANTED))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelUnusable(
            f"{model} is neither a folder here nor could it be fetched from the hub: {reason} Check the name and the "
            "network, or fetch it elsewhere and give its folder."
        ) from error
