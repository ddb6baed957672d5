"""What compiling JSON schemas takes, beside what `server/requests/schema_cost.py` reckons: the prices are fitted here.

Each family of schemas grows until the reckoned cost reaches all that a request may cost, so these are
the dearest that the gateway lets through. Each schema is parsed and compiled by llguidance as vLLM 0.32
does, and 200 tokens are drawn within it, in a process of its own with bounds on CPU time and memory. Measured is CPU
time, which other jobs on the machine hardly move. The attacks are compiled too, though the gateway refuses them; and
the typical schemas by xgrammar as well, vLLM's first choice. The vocabularies are the starter's, and one of 49,152
tokens that is trained on the texts of the installed packages. `python -m benchmarks.schema_cost --help`.
"""

import argparse
import json
import os
import resource
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import llguidance
import llguidance.hf
import llguidance.torch
import numpy as np
import xgrammar
from tqdm import tqdm

from benchmarks import results
from benchmarks.schema_family import ATTACKS, FAMILIES, TYPICAL, Schema
from server.controller.settings import STARTER
from server.requests.json_schema import MOST_SECONDS, check_json_schema
from server.requests.schema_cost import schema_cost

_TOKENS = 200
_MOST_CPU_S = 12
_TEXT_BYTES = 30_000_000


@dataclass(frozen=True)
class Measured:
    """One schema with one vocabulary. Times are CPU seconds, memory MiB; None where the process was ended.

    Attributes:
        parse_s: What vLLM's API process does, during which it does nothing else.
        compile_s: What a thread of the engine core does.
        mask_s: The slowest mask of one token, for which all other answers of the engine wait.
        xgrammar_s: The same work by xgrammar; only for typical schemas.
        said: Why the schema was given up, if it was.
    """

    name: str
    vocabulary: str
    bytes: int
    reckoned_s: float
    dearest: str
    accepted: bool
    parse_s: float | None = None
    compile_s: float | None = None
    mask_s: float | None = None
    memory_mib: float | None = None
    xgrammar_s: float | None = None
    said: str = ""

    @property
    def seconds(self) -> float | None:
        """All together."""
        if self.parse_s is None or self.compile_s is None:
            return None
        return self.parse_s + self.compile_s + (self.mask_s or 0.0)


def grown(make: Callable[[int], Schema], most: float) -> Schema:
    """The largest schema of a family whose reckoned cost is at most `most`."""
    low, high = 1, 200_000
    while low < high:
        middle = (low + high + 1) // 2
        if middle > 4 * low and schema_cost(make(min(middle, 4 * low))).seconds > most:
            high = min(middle, 4 * low) - 1
        elif middle > 4 * low:
            low = min(middle, 4 * low)
        elif schema_cost(make(middle)).seconds <= most:
            low = middle
        else:
            high = middle - 1
    return make(low)


def in_a_process(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `work` returns, run in a fork with bounds; empty if it was ended."""
    reading, writing = os.pipe()
    if not (child := os.fork()):
        resource.setrlimit(resource.RLIMIT_CPU, (_MOST_CPU_S, _MOST_CPU_S))
        Path("/proc/self/clear_refs").write_text("5")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        before = _peak_mib()
        try:
            found = work()
            os.write(writing, json.dumps(found | {"memory_mib": round(_peak_mib() - before, 1)}).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return json.loads(answer) if answer else {}


def compile_schema(tokenizer: Any, schema: Schema) -> dict[str, Any]:
    """Parses, compiles and draws tokens as vLLM does."""
    clock = time.process_time
    began = clock()
    grammar = llguidance.LLMatcher.grammar_from_json_schema(json.dumps(schema), defaults={"whitespace_flexible": False})
    said = llguidance.LLMatcher.validate_grammar(grammar)
    parsed = clock()
    matcher = llguidance.LLMatcher(tokenizer, grammar, log_level=0)
    compiled = clock()
    mask = llguidance.torch.allocate_token_bitmask(1, tokenizer.vocab_size)
    slowest, draw = 0.0, np.random.default_rng(0)
    for _ in range(_TOKENS):
        if matcher.is_stopped():
            break
        started = clock()
        llguidance.torch.fill_next_token_bitmask(matcher, mask, 0)
        slowest = max(slowest, clock() - started)
        allowed = np.flatnonzero(np.unpackbits(mask.numpy().view(np.uint8), bitorder="little"))
        if not len(allowed):
            break
        matcher.consume_token(int(draw.choice(allowed)))
    return {
        "parse_s": round(parsed - began, 4),
        "compile_s": round(compiled - parsed, 4),
        "mask_s": round(slowest, 4),
        "said": (said or matcher.get_error() or "")[:80],
    }


def compile_with_xgrammar(tokenizer_info: Any, schema: Schema) -> dict[str, Any]:
    """The same by xgrammar."""
    began = time.process_time()
    text = json.dumps(schema)
    xgrammar.Grammar.from_json_schema(text)
    xgrammar.GrammarCompiler(tokenizer_info, max_threads=8).compile_json_schema(text)
    return {"xgrammar_s": round(time.process_time() - began, 3)}


def vocabularies(folder: Path) -> Iterator[tuple[str, Any]]:
    """Tokenizers of transformers, by name."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    yield "4,096", AutoTokenizer.from_pretrained(STARTER)
    large = Tokenizer(models.BPE())
    large.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    large.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=49_152,
        special_tokens=["<|end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    large.train_from_iterator(_installed_texts(), trainer)
    large.save(str(folder / "tokenizer.json"))
    yield "49,152", PreTrainedTokenizerFast(tokenizer_object=large, eos_token="<|end|>")


def _installed_texts() -> Iterator[str]:
    read = 0
    for path in sorted(Path(sysconfig.get_path("purelib")).rglob("*")):
        if path.suffix in (".py", ".md", ".txt", ".json") and path.stat().st_size < 200_000:
            text = path.read_text(errors="replace")
            read += len(text)
            yield text
        if read > _TEXT_BYTES:
            return


def _peak_mib() -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def schemas() -> dict[str, Schema]:
    """All that is measured, by name."""
    found = {name: grown(make, MOST_SECONDS) for name, make in FAMILIES.items()}
    return (
        found
        | {f"typical: {name}": schema for name, schema in TYPICAL.items()}
        | {f"attack: {name}": schema for name, schema in ATTACKS.items()}
    )


def measure() -> list[Measured]:
    """Everything with every vocabulary."""
    rows = []
    everything = schemas()
    with tempfile.TemporaryDirectory(prefix="attune-") as folder:
        for vocabulary, tokenizer in vocabularies(Path(folder)):
            fast = llguidance.hf.from_tokenizer(tokenizer, len(tokenizer))
            info = xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=len(tokenizer))
            for name, schema in tqdm(everything.items(), desc=vocabulary):
                found = in_a_process(partial(compile_schema, fast, schema))
                if name.startswith("typical"):
                    found["xgrammar_s"] = in_a_process(partial(compile_with_xgrammar, info, schema)).get("xgrammar_s")
                rows.append(_row(name, vocabulary, schema, found))
    return rows


def _row(name: str, vocabulary: str, schema: Schema, found: dict[str, Any]) -> Measured:
    cost = schema_cost(schema)
    try:
        check_json_schema(schema)
        accepted = True
    except ValueError:
        accepted = False
    size = len(json.dumps(schema))
    return Measured(name, vocabulary, size, round(cost.seconds, 4), cost.dearest, accepted, **found)


def report(rows: list[Measured]) -> list[str]:
    """The figures for people, as Markdown."""
    lines = []
    for vocabulary in dict.fromkeys(row.vocabulary for row in rows):
        of = [row for row in rows if row.vocabulary == vocabulary]
        lines += [f"## {vocabulary} tokens", "", *_summary(of), "", *_table(of), ""]
    return lines


def _summary(rows: list[Measured]) -> list[str]:
    accepted = [row for row in rows if row.accepted]
    slowest = max(accepted, key=lambda row: _seconds(row))
    largest = max(accepted, key=lambda row: row.memory_mib or 0.0)
    typical = [row for row in rows if row.name.startswith("typical")]
    above = [row for row in accepted if _seconds(row) > max(0.02, row.reckoned_s)]
    slow = [row for row in typical if (row.xgrammar_s or float("inf")) > 1]
    return [
        f"- slowest that the gateway lets through: {slowest.name}, {_seconds(slowest):.2f} s",
        f"- most memory: {largest.name}, {largest.memory_mib or 0:.0f} MiB",
        f"- accepted schemas that took longer than reckoned (and over 20 ms): {len(above)} of {len(accepted)}"
        + "".join(f"; {row.name}" for row in above),
        f"- typical schemas accepted: {sum(row.accepted for row in typical)} of {len(typical)}, the slowest "
        f"{max(row.seconds or 0.0 for row in typical):.3f} s; by xgrammar over 1 s: {len(slow)}, the slowest "
        f"{max(row.xgrammar_s or _MOST_CPU_S for row in typical):.1f} s",
    ]


def _seconds(row: Measured) -> float:
    """Endless where the process was ended."""
    return float("inf") if row.seconds is None else row.seconds


def _table(rows: list[Measured]) -> list[str]:
    lines = [
        "| schema | bytes | reckoned, s | dearest | accepted | parse, s | compile, s | mask, s | MiB | xgrammar, s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        times = [f"over {_MOST_CPU_S}" if row.parse_s is None else f"{row.parse_s:.3f}"]
        times += ["-" if value is None else f"{value:.3f}" for value in (row.compile_s, row.mask_s)]
        memory = "-" if row.memory_mib is None else f"{row.memory_mib:.0f}"
        other = "-" if row.xgrammar_s is None else f"{row.xgrammar_s:.2f}"
        cells = [row.name, f"{row.bytes:,}", f"{row.reckoned_s:.3f}", row.dearest, "yes" if row.accepted else "no"]
        lines.append(f"| {' | '.join([*cells, *times, memory, other])} |")
    return lines


def main() -> int:
    """Exit status 0 if what is let through stays in bounds and daily work is let through."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    rows = measure()
    lines = report(rows)
    path = results.write("schema-cost", {"rows": [asdict(row) for row in rows]}, lines)
    print("\n".join([*lines, f"written to {path}"]))
    accepted = [row for row in rows if row.accepted]
    fits = all(_seconds(row) <= 2 and (row.memory_mib or 0) <= 300 for row in accepted)
    return 0 if fits and all(row.accepted for row in rows if row.name.startswith("typical")) else 1


if __name__ == "__main__":
    raise SystemExit(main())
