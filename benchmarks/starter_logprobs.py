"""Whether vLLM computes what transformers computes: log-probabilities of the starter model on 100 conversations.

Both are given the same tokens and asked for the log-probability of each next one, in float32 and in bfloat16.
`python -m benchmarks.starter_logprobs`; about two minutes.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from itertools import chain

import torch

from benchmarks import results
from models.recipe.corpus import held_out
from models.recipe.data import encode
from models.recipe.tokenizer import load_tokenizer
from tests.stack import STARTER

DTYPES = ("float32", "bfloat16")


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


def by_transformers(texts: list[list[int]], dtype: str) -> list[list[float]]:
    """The log-probability of each token after the first."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(STARTER, dtype=getattr(torch, dtype)).eval()
    found = []
    with torch.no_grad():
        for ids in texts:
            logprobs = model(torch.tensor([ids])).logits[0, :-1].float().log_softmax(-1)
            found.append(logprobs.gather(1, torch.tensor(ids[1:])[:, None])[:, 0].tolist())
    return found


def by_vllm(texts: list[list[int]], dtype: str) -> list[list[float]]:
    """The same from vLLM, in a process of its own: an engine leaves threads and memory behind."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.starter_logprobs", "--engine", dtype],
        input=json.dumps(texts),
        env=os.environ | {"VLLM_LOGGING_LEVEL": "ERROR", "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1"},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: list[list[float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def engine(texts: list[list[int]], dtype: str) -> list[list[float]]:
    """What `by_vllm` runs."""
    from vllm import LLM, SamplingParams, TokensPrompt

    llm = LLM(str(STARTER), dtype=dtype, enforce_eager=True, max_model_len=1024)
    wanted = SamplingParams(max_tokens=1, temperature=0, prompt_logprobs=1)
    answers = llm.generate([TokensPrompt(prompt_token_ids=ids) for ids in texts], wanted, use_tqdm=False)
    llm.llm_engine.engine_core.shutdown()
    return [
        [place[token].logprob for place, token in zip(answer.prompt_logprobs[1:], ids[1:], strict=True)]
        for answer, ids in zip(answers, texts, strict=True)
    ]


def compare(size: int) -> list[Difference]:
    """Measure the difference in each dtype."""
    texts = conversations(size)
    found = []
    for dtype in DTYPES:
        ours, theirs = by_transformers(texts, dtype), by_vllm(texts, dtype)
        apart = (torch.tensor([*chain(*ours)]) - torch.tensor([*chain(*theirs)])).abs()
        found.append(
            Difference(dtype, len(apart), apart.mean().item(), apart.quantile(0.99).item(), apart.max().item())
        )
    return found


def main() -> None:
    """Compare and write the figures."""
    parser = argparse.ArgumentParser(description="vLLM's against transformers' log-probabilities of the starter model.")
    parser.add_argument("--conversations", type=int, default=100)
    parser.add_argument("--engine", choices=DTYPES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.engine:
        print(json.dumps(engine(json.load(sys.stdin), arguments.engine)), flush=True)
        # The interpreter's way out sometimes ends in SIGABRT, "terminate called without an active exception": a thread
        # of vLLM's libraries still runs. The engine's processes have been shut down.
        os._exit(0)
    differences = compare(arguments.conversations)
    table = ["| dtype of both | tokens | mean | 99 % below | largest |", "| --- | --- | --- | --- | --- |"]
    table += [f"| {d.dtype} | {d.tokens:,} | {d.mean:.5f} | {d.p99:.4f} | {d.largest:.4f} |" for d in differences]
    what = f"Absolute difference of log-probabilities (nats) on {arguments.conversations} held-out conversations."
    figures = {"differences": [asdict(difference) for difference in differences]}
    path = results.write("starter_logprobs", figures, [what, "", *table])
    print(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
