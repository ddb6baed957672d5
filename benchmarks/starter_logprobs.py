"""Whether vLLM computes what transformers computes: log-probabilities of the starter model on 100 conversations.

Both are given the same tokens and asked for the log-probability of each next one, in float32 and in bfloat16.
`python -m benchmarks.starter_logprobs`; about two minutes.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import torch

from benchmarks import results
from models.recipe.corpus import held_out
from models.recipe.data import encode
from models.recipe.tokenizer import load_tokenizer
from server.controller.model import linear_layers
from tests.stack import STARTER

DTYPES = ("float32", "bfloat16")
_ENGINE_ENV = {
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    # Engine and worker in the process that asks: three processes would each import vLLM, which is most of the time.
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
}
RANK_LIMITS = (8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM 0.32 takes as `max_lora_rank`."""


@dataclass(frozen=True)
class Difference:
    """How far the log-probabilities (nats) of the two are apart, over every token but each conversation's first."""

    dtype: str
    tokens: int
    mean: float
    p99: float
    largest: float


def conversations(size: int) -> list[list[int]]:
    """Token ids of held-out conversations, as the chat template renders them."""
    tokenizer = load_tokenizer(STARTER)
    return [encode(tokenizer, conversation).ids for conversation in held_out(seed=100, size=size)]


def by_transformers(texts: list[list[int]], dtype: str, adapter: Path | None = None) -> list[list[float]]:
    """The log-probability of each token after the first, with a PEFT folder on the model if one is given."""
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(STARTER, dtype=getattr(torch, dtype))
    if adapter is not None:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, str(adapter))
    model.eval()
    found = []
    with torch.no_grad():
        for ids in texts:
            logprobs = model(input_ids=torch.tensor([ids])).logits[0, :-1].float().log_softmax(-1)
            found.append(logprobs.gather(1, torch.tensor(ids[1:])[:, None])[:, 0].tolist())
    return found


def by_vllm(texts: list[list[int]], dtype: str, adapter: Path | None = None) -> list[list[float]]:
    """The same from vLLM, in a process of its own: an engine leaves threads and memory behind."""
    command = [sys.executable, "-m", "benchmarks.starter_logprobs", "--engine", dtype]
    done = subprocess.run(
        command if adapter is None else [*command, "--adapter", str(adapter)],
        input=json.dumps(texts),
        env=os.environ | _ENGINE_ENV,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: list[list[float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def engine(texts: list[list[int]], dtype: str, adapter: Path | None = None) -> list[list[float]]:
    """What `by_vllm` runs."""
    from vllm import LLM, SamplingParams, TokensPrompt
    from vllm.lora.request import LoRARequest

    lora: dict[str, Any] = {}
    if adapter is not None:
        # Not the head: vLLM's CPU build could not give the log-probabilities of prompts that share a step.
        layers = linear_layers(STARTER)
        lora = {"enable_lora": True, "max_lora_rank": _rank_limit(adapter), "lora_target_modules": layers}
    llm = LLM(str(STARTER), dtype=dtype, enforce_eager=True, max_model_len=1024, **lora)
    wanted = SamplingParams(max_tokens=1, temperature=0, prompt_logprobs=1)
    answers = llm.generate(
        [TokensPrompt(prompt_token_ids=ids) for ids in texts],
        wanted,
        use_tqdm=False,
        lora_request=None if adapter is None else LoRARequest(adapter.name, 1, str(adapter)),
    )
    llm.llm_engine.engine_core.shutdown()
    return [
        [place[token].logprob for place, token in zip(answer.prompt_logprobs[1:], ids[1:], strict=True)]
        for answer, ids in zip(answers, texts, strict=True)
    ]


def _rank_limit(adapter: Path) -> int:
    """The smallest rank that vLLM can be started with and that the adapter fits into."""
    rank = json.loads((adapter / "adapter_config.json").read_text())["r"]
    return next(limit for limit in RANK_LIMITS if limit >= rank)


def difference(dtype: str, ours: list[list[float]], theirs: list[list[float]]) -> Difference:
    """Of the log-probabilities of the same tokens."""
    apart = (torch.tensor([*chain(*ours)]) - torch.tensor([*chain(*theirs)])).abs()
    return Difference(dtype, len(apart), apart.mean().item(), apart.quantile(0.99).item(), apart.max().item())


def table(differences: Sequence[Difference]) -> list[str]:
    """The differences as Markdown."""
    lines = ["| dtype of both | tokens | mean | 99 % below | largest |", "| --- | --- | --- | --- | --- |"]
    return lines + [f"| {d.dtype} | {d.tokens:,} | {d.mean:.5f} | {d.p99:.4f} | {d.largest:.4f} |" for d in differences]


def compare(size: int) -> list[Difference]:
    """Measure the difference in each dtype."""
    texts = conversations(size)
    return [difference(dtype, by_transformers(texts, dtype), by_vllm(texts, dtype)) for dtype in DTYPES]


def main() -> None:
    """Compare and write the figures."""
    parser = argparse.ArgumentParser(description="vLLM's against transformers' log-probabilities of the starter model.")
    parser.add_argument("--conversations", type=int, default=100)
    parser.add_argument("--engine", choices=DTYPES, help=argparse.SUPPRESS)
    parser.add_argument("--adapter", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.engine:
        print(json.dumps(engine(json.load(sys.stdin), arguments.engine, arguments.adapter)), flush=True)
        # The interpreter's way out sometimes ends in SIGABRT, "terminate called without an active exception": a thread
        # of vLLM's libraries still runs. The engine's processes have been shut down.
        os._exit(0)
    differences = compare(arguments.conversations)
    what = f"Absolute difference of log-probabilities (nats) on {arguments.conversations} held-out conversations."
    figures = {"differences": [asdict(found) for found in differences]}
    path = results.write("starter_logprobs", figures, [what, "", *table(differences)])
    print(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
