"""What a model's folder says about its size: enough to reckon its memory without loading it."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open

from alignment.errors import UnusableModel
from ledger.model_files import weight_files


@dataclass(frozen=True, slots=True)
class ModelShape:
    """Sizes of a decoder-only transformer.

    Attributes:
        parameters: All weights.
        hidden: Width of the residual stream.
        layers: Blocks.
        attention: Heads times the size of a head.
        kv: Key and value heads times the size of a head.
        ffn: Width of a feed-forward network.
        vocab: Tokens.
        file_bytes: Of the weights as they are stored.
    """

    parameters: int
    hidden: int
    layers: int
    attention: int
    kv: int
    ffn: int
    vocab: int
    file_bytes: int

    def lora_parameters(self, rank: int) -> int:
        """Weights of an adapter over the seven linear layers of each block."""
        h, a, k, f = self.hidden, self.attention, self.kv, self.ffn
        return self.layers * rank * (2 * (h + a) + 2 * (h + k) + 3 * (h + f))


def read_shape(folder: Path) -> ModelShape:
    """Reads `config.json` and the headers of the weights.

    Raises:
        UnusableModel: A file is missing or damaged.
    """
    try:
        found = json.loads((folder / "config.json").read_bytes())
        config = found.get("text_config", found)
        hidden, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
        head = int(config.get("head_dim") or hidden // heads)
        return ModelShape(
            parameters=sum(_parameters(path) for path in weight_files(folder)),
            hidden=hidden,
            layers=int(config["num_hidden_layers"]),
            attention=heads * head,
            kv=int(config.get("num_key_value_heads") or heads) * head,
            ffn=int(config.get("intermediate_size") or 4 * hidden),
            vocab=int(config["vocab_size"]),
            file_bytes=sum(path.stat().st_size for path in weight_files(folder)),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise UnusableModel(f"{folder} does not tell its size: {type(error).__name__}: {error}") from error


def _parameters(path: Path) -> int:
    if path.suffix != ".safetensors":
        return path.stat().st_size // 2
    with safe_open(path, framework="numpy") as file:
        names: list[str] = list(file.keys())
        return sum(math.prod(file.get_slice(name).get_shape()) for name in names)
