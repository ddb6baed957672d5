"""How far a version has moved from its parent, on answers that it gave: by transformers, from the registered files.

An engine that is asked for `prompt_logprobs` gives those of the chosen tokens only. With both models at hand the
divergence of whole distributions is exact at every token.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from torch import Tensor

from alignment.adapters import load_policy, read_adapter, require_placed
from alignment.chat_tokens import ChatTokens
from alignment.errors import UnusableModel
from alignment.preferences import Message
from evals.divergence import Drift

Row = tuple[Sequence[Message], str]
"""A prompt and the candidate's answer to it."""


def drifts(base_model: Path, candidate: Path | None, parent: Path | None, rows: Sequence[Row]) -> list[Drift]:
    """The divergence on each answer, in float32 on the CPU; both share the base model's memory.

    Args:
        base_model: Folder of the model that both are adapters over.
        candidate: Its adapter's folder; None for the base itself.
        parent: The same of the parent.
        rows: What the candidate answered.

    Raises:
        UnusableModel: A model or an adapter cannot be read, or they do not fit.
    """
    tokens = ChatTokens.load(base_model)
    adapters = {name: folder for name, folder in (("candidate", candidate), ("parent", parent)) if folder is not None}
    model = _adapted(base_model, adapters)
    found = []
    with torch.inference_mode():
        for prompt, answer in rows:
            asked, answered = tokens.prompt_ids(prompt), tokens.completion_ids(answer)
            ids = torch.tensor([asked + answered])
            logprobs = []
            for name in ("candidate", "parent"):
                with _as(model, name if name in adapters else None):
                    logits = model(input_ids=ids).logits[0, len(asked) - 1 : -1]
                logprobs.append(torch.log_softmax(logits.float(), -1))
            found.append(Drift(nats=float(token_divergences(*logprobs).sum()), tokens=len(answered)))
    return found


def token_divergences(logprobs: Tensor, ref_logprobs: Tensor) -> Tensor:
    """KL(pi || rho) at every token: sum over the vocabulary of pi (log pi - log rho), in nats.

    Over answers that were drawn from pi its sum is the sequence's divergence, without the noise of the tokens that
    happened to be drawn (Amini et al. 2025, "Better estimation of the KL divergence between language models",
    arXiv:2504.10637, the Rao-Blackwellised estimator).

    Args:
        logprobs: (T, V) of pi.
        ref_logprobs: (T, V) of rho.

    Returns:
        (T,), never negative but for rounding.
    """
    return (logprobs.exp() * (logprobs - ref_logprobs)).sum(-1)


def _adapted(base_model: Path, adapters: Mapping[str, Path]) -> Any:
    model: Any = load_policy(base_model, None)
    for name, folder in adapters.items():
        read_adapter(folder)
        try:
            if isinstance(model, PeftModel):
                model.load_adapter(str(folder), adapter_name=name)
            else:
                model = PeftModel.from_pretrained(model, folder, adapter_name=name)
            require_placed(model, folder, base_model, name)
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise UnusableModel(f"the adapter {folder} does not fit {base_model}: {error}") from error
    return model.eval()


@contextmanager
def _as(model: Any, adapter: str | None) -> Iterator[None]:
    """The model speaks as one of its adapters, or as the base."""
    if adapter is not None:
        model.set_adapter(adapter)
        yield
    elif isinstance(model, PeftModel):
        with model.disable_adapter():
            yield
    else:
        yield
