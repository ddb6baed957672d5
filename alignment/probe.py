"""Token log-probabilities of a few fixed prompts: what a model is recognised by after it was loaded somewhere.

They are computed by transformers in float32 from the registered weights. An engine that serves the same weights gives
the same figures within the precision of its number format (ask vLLM with `prompt_logprobs` for the same token ids); one
that serves the base, an earlier adapter or damaged weights does not.
"""

import math
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from jinja2 import TemplateError
from pydantic import BaseModel, ConfigDict

from alignment.errors import UnusableModel
from alignment.preferences import Message

# Never change a prompt: versions that were registered with it could not be compared any more. Add new ones at the end.
PROMPTS: tuple[tuple[Message, ...], ...] = (
    (
        Message(role="user", content="Hello! Who are you?"),
        Message(role="assistant", content="Hello! I am an assistant. I answer questions and help with writing."),
    ),
    (
        Message(role="system", content="Answer in one short sentence."),
        Message(role="user", content="Why is the sky blue?"),
        Message(role="assistant", content="Air scatters blue light more than red light."),
    ),
    (
        Message(role="user", content="Wie sage ich auf Französisch »danke«?"),
        Message(role="assistant", content="Auf Französisch heißt »danke«: merci."),
    ),
    (
        Message(role="user", content="My name is Ada."),
        Message(role="assistant", content="Nice to meet you, Ada."),
        Message(role="user", content="What is 12 + 30, and what is my name?"),
        Message(role="assistant", content="12 + 30 is 42, and your name is Ada."),
    ),
)


class ProbedText(BaseModel):
    """One text in tokens.

    Attributes:
        token_ids: n of them; the text is what the chat template makes of a prompt.
        logprobs: n - 1 natural logarithms: of each token but the first, given those before it.
    """

    model_config = ConfigDict(frozen=True)

    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]


class Probe(BaseModel):
    """The figures of one model.

    Attributes:
        dtype: Number format of the computation.
        library: What computed it, with its version.
    """

    model_config = ConfigDict(frozen=True)

    dtype: str
    library: str
    texts: tuple[ProbedText, ...]


def compute(base_model: Path, adapter: Path | None, dtype: str = "float32") -> Probe:
    """Loads the model on CPU, and computes the figures.

    Args:
        base_model: Folder in Hugging Face's layout, with a tokenizer that has a chat template.
        adapter: PEFT folder; None for the base itself.
        dtype: Number format of the computation. What is registered is float32.

    Raises:
        UnusableModel: The adapter does not fit the base, or the weights give NaN.
    """
    import torch
    import transformers
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(base_model)
    model = _load(base_model, adapter).to(getattr(torch, dtype))
    texts = []
    with torch.inference_mode():
        for text in _rendered(tokenizer):
            ids = tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids
            logits = model(input_ids=ids).logits[0, :-1].float()
            chosen = torch.log_softmax(logits, -1).gather(1, ids[0, 1:, None])[:, 0]
            rounded = tuple(round(value, 6) for value in chosen.tolist())
            texts.append(ProbedText(token_ids=tuple(ids[0].tolist()), logprobs=rounded))
    if not all(math.isfinite(value) for text in texts for value in text.logprobs):
        raise UnusableModel(f"The model {base_model} with the adapter {adapter} gives NaN: its weights are spoilt.")
    return Probe(dtype=dtype, library=f"transformers {transformers.__version__}", texts=tuple(texts))


def _rendered(tokenizer: Any) -> Iterator[str]:
    """Yields the prompts as the chat template shows them, without those whose roles it refuses."""
    for prompt in PROMPTS:
        with suppress(TemplateError):
            yield tokenizer.apply_chat_template([message.model_dump() for message in prompt], tokenize=False)


def largest_difference(a: Probe, b: Probe) -> float:
    """The largest difference of two log-probabilities in nats; infinite when the tokens differ."""
    if [text.token_ids for text in a.texts] != [text.token_ids for text in b.texts]:
        return math.inf
    pairs = (pair for x, y in zip(a.texts, b.texts, strict=True) for pair in zip(x.logprobs, y.logprobs, strict=True))
    return max((abs(x - y) for x, y in pairs), default=0.0)


def _load(base_model: Path, adapter: Path | None) -> Any:
    import torch
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(base_model, dtype=torch.float32, low_cpu_mem_usage=True)
    if adapter is not None:
        model = _with_adapter(model, base_model, adapter)
    return model.eval()


def _with_adapter(model: Any, base_model: Path, adapter: Path) -> Any:
    from peft import PeftModel

    from alignment.adapters import require_placed

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            adapted = PeftModel.from_pretrained(model, str(adapter))
        require_placed(adapted, adapter, base_model)
    except (RuntimeError, ValueError, KeyError) as error:
        raise UnusableModel(
            f"The adapter {adapter} does not fit the model {base_model}: {error}. Was it trained on another base?"
        ) from error
    return adapted
