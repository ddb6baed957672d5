"""The model that is to be served: found, checked before an engine is started with it, and known by its hash."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ledger.model_files import WEIGHTS, weight_files
from server.controller.errors import ModelUnusable

_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "tekken.json")


@dataclass(frozen=True, slots=True)
class Model:
    """A checked model on disk.

    Attributes:
        path: Its folder, absolute.
        architecture: The class that its configuration names, such as `LlamaForCausalLM`.
        weights_bytes: Size of the weights on disk.
    """

    path: Path
    architecture: str
    weights_bytes: int


def inspect(folder: Path) -> Model:
    """Checks what can be checked at once, so that a mistake is reported before an engine takes a minute to start.

    Raises:
        ModelUnusable: Something is missing or unknown to vLLM; the message says what.
    """
    if not folder.is_dir():
        raise ModelUnusable(
            f"There is no model folder {folder}. Give a folder or a hub id with --model or ATTUNE_MODEL."
        )
    config = read_json(folder / "config.json")
    if config is None:
        raise ModelUnusable(f"{folder} holds no config.json, so it is not a model in Hugging Face's layout.")
    weights = weight_files(folder)
    if not weights:
        raise ModelUnusable(f"{folder} holds no weights ({', '.join(WEIGHTS)}): a download that broke off?")
    if not any((folder / name).exists() for name in _TOKENIZERS):
        raise ModelUnusable(f"{folder} holds no tokenizer (none of {', '.join(_TOKENIZERS)}).")
    architectures = config.get("architectures") or []
    known = vllm_architectures()
    if known and not any(name in known for name in architectures):
        raise ModelUnusable(
            f"vLLM does not know the architecture {', '.join(architectures) or '(none named)'} of {folder}. "
            "Its supported models are listed at docs.vllm.ai under Supported Models."
        )
    return Model(folder.resolve(), architectures[0] if architectures else "", sum(f.stat().st_size for f in weights))


def linear_layers(folder: Path) -> list[str]:
    """What the matrices in a model's blocks are called, such as `q_proj`: neither its embeddings nor its head.

    It reads the headers of safetensors, and finds nothing in other files.
    """
    from safetensors import safe_open

    layers = set()
    for file in folder.glob("*.safetensors"):
        with safe_open(file, framework="numpy") as weights:
            for name in weights.keys():  # noqa: SIM118 - it is no mapping
                *where, layer, kind = name.split(".")
                in_a_block = any(part.isdigit() for part in where)
                if in_a_block and kind == "weight" and len(weights.get_slice(name).get_shape()) == 2:
                    layers.add(layer)
    return sorted(layers)


def read_json(path: Path) -> dict[str, Any] | None:
    """A JSON object from a file; None if there is no such file.

    Raises:
        ModelUnusable: The file cannot be read, or is not a JSON object.
    """
    if not path.exists():
        return None
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelUnusable(f"{path} cannot be read: {error}.") from error
    if not isinstance(value, dict):
        raise ModelUnusable(f"{path} holds {type(value).__name__}, not an object.")
    return value


@cache
def vllm_architectures() -> frozenset[str]:
    """The architectures that the installed vLLM names in its registry; empty if that cannot be told.

    The registry's source is searched for the names, because importing it takes many seconds.
    """
    vllm = find_spec("vllm")
    if vllm is None or vllm.origin is None:
        return frozenset()
    registry = Path(vllm.origin).parent / "model_executor" / "models" / "registry.py"
    if not registry.exists():
        return frozenset()
    import ast

    tree = ast.parse(registry.read_text(encoding="utf-8"))
    keys = (key for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys)
    return frozenset(key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str))
