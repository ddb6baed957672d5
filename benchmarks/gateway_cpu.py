"""CPU time that the gateway takes for a request and for a token, before an engine that costs it nothing.

CPU time, unlike throughput, hardly depends on what else the machine does. `--profile` also writes where it goes, as
py-spy's stacks. `python -m benchmarks.gateway_cpu`
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from benchmarks import results
from benchmarks.intervals import Estimate, median_interval
from benchmarks.load import Load, measure
from tests.processes import FakeEngineProcess, GatewayProcess

ROUNDS = 6
CONCURRENCY = 32
TOKENS = 64


@dataclass(frozen=True)
class Case:
    """A kind of request; `requests` of them are one round."""

    name: str
    tokens: int
    stream: bool
    requests: int


CASES = (
    Case("whole answer, 1 token", 1, False, 400),
    Case("stream, 1 token", 1, True, 400),
    Case(f"stream, {TOKENS} tokens", TOKENS, True, 128),
)


class Bench:
    """A gateway with a real ledger before the fake engine, which sends a token every 10 ms."""

    def __init__(self, gateway: GatewayProcess, engine: FakeEngineProcess) -> None:
        self._gateway = gateway
        self._engine = engine

    def ms_per_request(self, case: Case) -> float:
        """CPU milliseconds, user and system, of the gateway's process per request of one round."""
        self._engine.behave(tokens=case.tokens, token_delay_s=0.01)
        load = Load(
            self._gateway.base_url,
            "attune",
            CONCURRENCY,
            case.requests,
            case.stream,
            tokens=case.tokens,
            key=self._gateway.secrets.app,
        )
        before = self._cpu_s()
        measured = asyncio.run(measure(load))
        if measured.failed:
            raise SystemExit(f"{measured.failed} of {case.requests} requests failed: the figures mean nothing")
        return 1000 * (self._cpu_s() - before) / case.requests

    def profile(self, case: Case, path: Path) -> None:
        """Stacks of the threads that hold the interpreter, 100 times a second while the load runs."""
        spy = str(Path(sys.executable).with_name("py-spy"))
        how = ["--pid", str(self._gateway.pid), "--output", str(path), "--format", "raw", "--rate", "100", "--gil"]
        recorder = subprocess.Popen([spy, "record", "--duration", "10", *how])
        while recorder.poll() is None:
            self.ms_per_request(case)

    def _cpu_s(self) -> float:
        times = psutil.Process(self._gateway.pid).cpu_times()
        return float(times.user + times.system)


def report(found: dict[str, Estimate]) -> list[str]:
    """The figures as Markdown."""
    one, many = found[CASES[1].name].median, found[CASES[2].name].median
    return [
        f"{CONCURRENCY} at once, median over {ROUNDS} rounds with 95 % intervals, recording on (SQLite).",
        "",
        "| request | CPU ms |",
        "| --- | --- |",
        *(f"| {name} | {estimate} |" for name, estimate in found.items()),
        "",
        f"A further token of a stream takes {1000 * (many - one) / (TOKENS - 1):.0f} µs.",
    ]


def main() -> None:
    """Measure, report and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", type=Path, metavar="FILE", help="where to write py-spy's stacks")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="attune-") as name, FakeEngineProcess(Path(name)) as engine:
        gateway = GatewayProcess(Path(name), database_url=f"sqlite:///{name}/ledger.db")
        gateway.serve(engine.url)
        gateway.run()
        try:
            bench = Bench(gateway, engine)
            bench.ms_per_request(CASES[1])  # imports, pools and caches are filled
            found = {case.name: median_interval([bench.ms_per_request(case) for _ in range(ROUNDS)]) for case in CASES}
            if options.profile:
                bench.profile(CASES[2], options.profile)
        finally:
            gateway.stop()
    lines = report(found)
    path = results.write("gateway-cpu", {name: asdict(estimate) for name, estimate in found.items()}, lines)
    print("\n".join([*lines, "", f"written to {path}"]))


if __name__ == "__main__":
    main()
