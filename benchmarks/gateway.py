"""What the gateway costs: bare vLLM (over its unix socket) against the gateway in front of the same vLLM, in one run.

Recording is on, in a real SQLite ledger. Rounds are interleaved and their order alternates, so that a slow minute of
the machine hits both alike; a ratio is taken within each round, and its median and interval over the rounds.
`python -m benchmarks.gateway --help`; `--litellm VENV` measures a LiteLLM proxy from that virtual environment as well,
`--shape 0.5b` serves random weights in the shape of Qwen2.5-0.5B instead of the starter model.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from sqlalchemy import func, select
from tqdm import tqdm

from benchmarks import results
from benchmarks.gateway_report import BARE, GATEWAY, LITELLM, plot, report
from benchmarks.intervals import median_interval, percentile, ratio_interval
from benchmarks.load import Load, Measured
from benchmarks.proxies import LiteLLM
from ledger.schema import completions
from tests.random_model import QWEN_HALF_BILLION, write_random_model
from tests.stack import Stack


@dataclass(frozen=True)
class Setting:
    """One way of asking: how many at once, with a stream or not, and how many requests are one measurement."""

    concurrency: int
    stream: bool
    requests: int

    @property
    def name(self) -> str:
        """For reports."""
        return f"{self.concurrency} {'streams' if self.stream else 'whole answers'}"


SETTINGS = (
    Setting(1, True, 12),
    Setting(8, True, 40),
    Setting(32, True, 96),
    Setting(128, True, 256),
    Setting(32, False, 96),
)
# Answers of a model of half a billion parameters take a minute where the starter's take a second.
SLOW_SETTINGS = (Setting(1, True, 4), Setting(8, True, 8), Setting(32, True, 32), Setting(32, False, 32))


@dataclass(frozen=True)
class Target:
    """Something that is asked, and the process whose CPU time is its cost (None for vLLM itself)."""

    name: str
    load: Load
    pid: int | None


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds on a core, and seconds in which its threads could run and waited for one."""

    cpu_s: float
    waited_s: float

    @classmethod
    def so_far(cls, pid: int) -> Self:
        """Since the process started (proc(5), schedstat: nanoseconds); threads that have ended are left out."""
        lines = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/schedstat")]
        return cls(sum(int(line[0]) for line in lines) / 1e9, sum(int(line[1]) for line in lines) / 1e9)

    def since(self, before: Self) -> Self:
        """What came on top of `before`."""
        return replace(self, cpu_s=self.cpu_s - before.cpu_s, waited_s=self.waited_s - before.waited_s)


@dataclass
class Series:
    """All rounds of one target in one setting."""

    tokens_per_s: list[float] = field(default_factory=list)
    ttft_ms: list[float] = field(default_factory=list)
    ttft_ms_p50: list[float] = field(default_factory=list)
    cpu_s_per_1000_tokens: list[float] = field(default_factory=list)
    waited_s: list[float] = field(default_factory=list)
    generator_cpu_share: list[float] = field(default_factory=list)
    failed: int = 0

    def add(self, measured: Measured, tokens: int, cost: Cost | None) -> None:
        """Take in one round."""
        self.tokens_per_s.append(measured.tokens_per_s)
        self.ttft_ms += measured.ttft_ms
        self.ttft_ms_p50.append(percentile(measured.ttft_ms, 0.5))
        self.generator_cpu_share.append(measured.generator_cpu_s / measured.seconds)
        self.failed += measured.failed
        if cost is not None:
            self.cpu_s_per_1000_tokens.append(1000 * cost.cpu_s / tokens)
            self.waited_s.append(cost.waited_s)


def measure(target: Target, setting: Setting, first: int) -> tuple[Measured, Cost | None]:
    """One measurement by the load generator, and what it cost the target's process."""
    load = replace(
        target.load, concurrency=setting.concurrency, requests=setting.requests, stream=setting.stream, first=first
    )
    given = {name: value for name, value in asdict(load).items() if name != "key" and value not in (None, False)}
    arguments = [f"--{name}" if value is True else f"--{name}={value}" for name, value in given.items()]
    environment = {**os.environ, "LOAD_KEY": load.key or ""}
    before = Cost.so_far(target.pid) if target.pid else None
    output = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    cost = Cost.so_far(target.pid).since(before) if target.pid and before else None
    return Measured(**json.loads(output.stdout)), cost


def compare(targets: Sequence[Target], settings: Sequence[Setting], rounds: int) -> dict[str, dict[str, Series]]:
    """Interleaved rounds of all targets: setting → target → series."""
    found: dict[str, dict[str, Series]] = {}
    first = 0
    with tqdm(total=len(settings) * rounds * len(targets), unit="run") as progress:
        for setting in settings:
            series = found[setting.name] = {target.name: Series() for target in targets}
            for number in range(-1, rounds):  # round -1 warms up
                for target in targets if number % 2 else reversed(targets):
                    progress.set_description(f"{setting.name}, {target.name}")
                    measured, cost = measure(target, setting, first)
                    if not measured.ttft_ms:
                        raise SystemExit(f"{setting.name}, {target.name}: none was answered: {measured.first_failure}")
                    if number >= 0:
                        series[target.name].add(measured, setting.requests * target.load.tokens, cost)
                        progress.update()
                first += setting.requests  # all targets of a round get the same prompts
    return found


def summary(series: Mapping[str, Series]) -> dict[str, Any]:
    """Figures of one setting, each target against bare vLLM."""
    bare = series[BARE]
    found: dict[str, Any] = {}
    for name, own in series.items():
        figures: dict[str, Any] = {
            "tokens_per_s": asdict(median_interval(own.tokens_per_s)),
            "ttft_ms_p50": percentile(own.ttft_ms, 0.5),
            "ttft_ms_p99": percentile(own.ttft_ms, 0.99),
            "requests": len(own.ttft_ms),
            "failed": own.failed,
            "generator_cpu_share": max(own.generator_cpu_share),
        }
        if name != BARE:
            pairs = zip(own.ttft_ms_p50, bare.ttft_ms_p50, strict=True)
            figures |= {
                "throughput_ratio": asdict(ratio_interval(own.tokens_per_s, bare.tokens_per_s)),
                "added_ttft_ms_p50": asdict(median_interval([mine - other for mine, other in pairs])),
                "added_ttft_ms_p99": figures["ttft_ms_p99"] - percentile(bare.ttft_ms, 0.99),
                "cpu_s_per_1000_tokens": asdict(median_interval(own.cpu_s_per_1000_tokens)),
                "waited_s": asdict(median_interval(own.waited_s)),
            }
        found[name] = figures
    return found


def profile(pid: int, target: Target, setting: Setting, path: Path) -> None:
    """Where the gateway's time goes in one more measurement: a flame graph by py-spy."""
    spy = str(Path(sys.executable).with_name("py-spy"))
    how = ["--pid", str(pid), "--output", str(path), "--rate", "50", "--duration", "20", "--gil"]
    recorder = subprocess.Popen([spy, "record", *how])
    measure(target, replace(setting, requests=4 * setting.requests), first=10**6)
    recorder.wait()


def main() -> None:
    """Measure, report and write."""
    options = _options()
    settings = SETTINGS if options.shape is None else SLOW_SETTINGS
    settings = tuple(setting for setting in settings if not options.only or setting.name in options.only)
    with ExitStack() as cleanup:
        folder = Path(tempfile.mkdtemp(prefix="attune-"))
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        model = None
        if options.shape:
            model = write_random_model(folder / "model", QWEN_HALF_BILLION)
        changed = {} if options.niceness is None else {"niceness": options.niceness}
        stack = Stack(folder, model, **changed)
        cleanup.callback(stack.stop)
        stack.run()
        engine = Load("http://engine/v1", "attune@v1", 1, 1, True, uds=str(stack.engine_socket()))
        through = Load(stack.base_url, "attune", 1, 1, True, key=stack.secrets.app)
        targets = [Target(BARE, engine, None), Target(GATEWAY, through, stack.gateway_pid())]
        if options.litellm:
            proxy = cleanup.enter_context(LiteLLM(options.litellm, folder, stack.engine_socket()))
            targets.append(Target(LITELLM, Load(proxy.url, "attune", 1, 1, True, key=proxy.key), proxy.pid))
        found = compare(targets, settings, options.rounds)
        if options.profile:
            profile(stack.gateway_pid(), targets[1], settings[-2], options.profile)
        recorded = completions_recorded(stack)
    asked = sum(len(own[GATEWAY].ttft_ms) for own in found.values())
    if recorded < asked:
        raise SystemExit(f"the gateway answered {asked} requests but recorded {recorded}: the figures mean nothing")
    figures = {setting: summary(series) for setting, series in found.items()}
    lines = report(figures, options.rounds)
    raw = {setting: {name: asdict(own) for name, own in series.items()} for setting, series in found.items()}
    parts = [
        options.shape,
        None if options.niceness is None else f"niceness-{options.niceness}",
        options.litellm and "litellm",
    ]
    name = "-".join(["gateway", *filter(None, parts)])
    path = results.write(name, {"rounds": options.rounds, "summary": figures, "raw": raw}, lines)
    plot(figures, path.with_suffix(".png"))
    print("\n".join([*lines, "", f"written to {path}"]))


def completions_recorded(stack: Stack) -> int:
    """Rows of answers in the ledger: recording was really on."""
    database = stack.open_ledger()
    with database.read() as connection:
        count = connection.execute(select(func.count()).select_from(completions)).scalar()
    database.close()
    return int(count or 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--shape", choices=["0.5b"], help="serve random weights in the shape of Qwen2.5-0.5B")
    parser.add_argument("--only", action="append", help="a setting, such as '32 streams'; may be given again")
    parser.add_argument("--niceness", type=int, help="of the engine; 0 shows why it stands back by default")
    parser.add_argument("--litellm", type=Path, metavar="VENV", help="virtual environment with litellm[proxy]")
    parser.add_argument("--profile", type=Path, metavar="SVG", help="where to write a flame graph of the gateway")
    return parser.parse_args()


if __name__ == "__main__":
    main()
