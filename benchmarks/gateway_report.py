"""The figures of `benchmarks.gateway` for people: a table and a plot."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

BARE, GATEWAY, LITELLM = "bare vLLM", "gateway", "LiteLLM"
AIM_THROUGHPUT, AIM_TTFT_MS = 0.97, 2.0

_COLUMNS = (
    *("setting", "", "tok/s", "throughput ratio", "TTFT p50 / p99 ms"),
    *("added TTFT p50 ms", "added p99 ms", "CPU s / 1,000 tok", "waited for a core s"),
)


def report(figures: Mapping[str, Mapping[str, Any]], rounds: int) -> list[str]:
    """The figures as Markdown."""
    lines = [
        f"Medians over {rounds} interleaved rounds, with 95 % intervals; 64 tokens an answer. Time to first token",
        "(TTFT) is until the first bytes of the body. CPU is that of the proxy's process alone, and so",
        "is the time in a round that its threads could run and waited for a core.",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        "|" + " --- |" * len(_COLUMNS),
    ]
    for setting, targets in figures.items():
        for name, own in targets.items():
            ratio, cpu = own.get("throughput_ratio"), own.get("cpu_s_per_1000_tokens")
            cells = [
                f"{own['tokens_per_s']['median']:.0f}",
                _interval(ratio),
                f"{own['ttft_ms_p50']:.1f} / {own['ttft_ms_p99']:.1f}",
                _interval(own.get("added_ttft_ms_p50")),
                f"{own['added_ttft_ms_p99']:.1f}" if "added_ttft_ms_p99" in own else "",
                _interval(cpu),
                _interval(own.get("waited_s")),
            ]
            lines.append(f"| {setting} | {name} | {' | '.join(cells)} |")
    missed = [
        f"{setting}: {own['throughput_ratio']['median']:.3f}"
        for setting, targets in figures.items()
        if (own := targets[GATEWAY])["throughput_ratio"]["median"] < AIM_THROUGHPUT
    ]
    lines += ["", f"Aim: throughput ratio ≥ {AIM_THROUGHPUT}, added TTFT p50 ≤ {AIM_TTFT_MS} ms at 1 stream."]
    lines += [f"Missed for throughput at {', '.join(missed)}." if missed else "Throughput reached everywhere."]
    if "1 streams" in figures:
        added_at_one = figures["1 streams"][GATEWAY]["added_ttft_ms_p50"]["median"]
        lines += [f"Added TTFT at 1 stream: {added_at_one:.2f} ms."]
    return lines


def plot(figures: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Throughput against bare vLLM, per setting, with intervals; the axis starts at 0."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = [name for name in next(iter(figures.values())) if name != BARE]
    axes_width = 0.8 / len(names)
    figure, axes = pyplot.subplots(figsize=(8, 4))
    for position, name in enumerate(names):
        ratios = [targets[name]["throughput_ratio"] for targets in figures.values()]
        at = [index + position * axes_width for index in range(len(ratios))]
        errors = [[r["median"] - r["low"] for r in ratios], [r["high"] - r["median"] for r in ratios]]
        axes.bar(at, [r["median"] for r in ratios], axes_width, yerr=errors, capsize=3, label=name)
    axes.axhline(1, color="black", linewidth=0.8)
    axes.axhline(AIM_THROUGHPUT, color="gray", linewidth=0.8, linestyle="--", label=f"aim {AIM_THROUGHPUT}")
    middle = axes_width * (len(names) - 1) / 2
    axes.set_xticks([index + middle for index in range(len(figures))], list(figures))
    axes.set_ylabel("throughput, bare vLLM = 1")
    axes.set_ylim(bottom=0)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(names) + 1, frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def _interval(estimate: Mapping[str, float] | None) -> str:
    if estimate is None:
        return ""
    return f"{estimate['median']:.3f} ({estimate['low']:.3f} to {estimate['high']:.3f})"
