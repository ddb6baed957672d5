"""The figures of `benchmarks.loop_learns` for people: two tables and the over-optimisation curves."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

CANDIDATE, BEST_OF, BEST_BY_TASTE = "candidate", "best_of_4", "best_of_4_by_the_taste"
AIM_THUMBS, AIM_WIN_RATE, AIM_MINUTES = 1000, 0.8, 10.0
_NAMES = {
    "ppo": "PPO",
    "kto": "KTO",
    "sft": "SFT on liked answers",
    BEST_OF: "best of 4 by the reward model",
    BEST_BY_TASTE: "best of 4 by the taste itself",
}


def report(figures: Mapping[str, Any]) -> list[str]:
    """The figures as Markdown."""
    plan, cells = figures["plan"], figures["cells"]
    lines = [
        f"On {plan['prompts']} prompts that nobody voted on, one sampled answer each (temperature 1): how often",
        "the taste likes the candidate's answer more than its parent's; a tie counts half; Wilson's intervals. KL is",
        "the mean of log(pi / pi_parent) over the candidate's own answers, in nats; of best-of-4 its upper bound.",
        "",
        "| thumbs | of them up | | win rate | won, tied, lost | taste's score, gained | KL | polite |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *(_quality_row(cell, name, found) for cell in cells for name, found in _ways(cell)),
        "",
        f"The parent against itself, sampled again: {_estimate(figures['parent_against_itself']['win_rate'])}.",
        "",
        *_aims(cells),
        "",
        "| thumbs | | minutes to the candidate | stages, s | rollout tok/s | update tok/s | peak memory MiB | kJ |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *map(_cost_row, cells),
        "",
        f"Energy: {cells[0]['energy_method']}." if cells else "",
    ]
    if plan["settings"]:
        lines += ["", f"Settings over the defaults: `{plan['settings']}`."]
    return lines


def plot(cells: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Gold and reward-model score along a run's KL, both less the parent's, one panel for each number of thumbs."""
    with_curve = [cell for cell in cells if "curve" in cell]
    if not with_curve:
        return
    figure = Figure(figsize=(5 * len(with_curve), 4), layout="constrained")
    panels: Any = figure.subplots(1, len(with_curve), squeeze=False)[0]
    for axes, cell in zip(panels, with_curve, strict=True):
        points = cell["curve"]
        kl = [0.0, *(point["kl"] for point in points)]
        for name, label in (("gold", "the hidden taste"), ("reward_model", "the reward model")):
            found = [point[name] for point in points]
            values = [0.0, *(estimate["value"] for estimate in found)]
            below = [0.0, *(estimate["value"] - estimate["low"] for estimate in found)]
            above = [0.0, *(estimate["high"] - estimate["value"] for estimate in found)]
            axes.errorbar(kl, values, yerr=[below, above], marker="o", markersize=3, capsize=2, label=label)
        axes.axhline(0, color="0.7", linewidth=0.8)
        axes.set(xlabel="KL from the parent, nats per answer", ylabel="score, less the parent's")
        axes.set_title(f"PPO from {cell['thumbs']:,} thumbs")
        axes.legend()
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _ways(cell: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield cell["algorithm"], cell[CANDIDATE]
    for name in (BEST_OF, BEST_BY_TASTE):
        if name in cell:
            yield name, cell[name]


def _quality_row(cell: Mapping[str, Any], name: str, found: Mapping[str, Any]) -> str:
    cells = [
        f"{cell['thumbs']:,}",
        f"{cell['up'] / cell['thumbs']:.0%}",
        _NAMES[name],
        _estimate(found["win_rate"]),
        f"{found['won']}, {found['tied']}, {found['lost']}",
        _estimate(found["gain"]),
        f"{found['kl']:.2f}",
        f"{found['manners'].get('polite', 0.0):.0%}",
    ]
    return f"| {' | '.join(cells)} |"


def _cost_row(cell: Mapping[str, Any]) -> str:
    speed = cell["speed"]
    cells = [
        f"{cell['thumbs']:,}",
        _NAMES[cell["algorithm"]],
        "(interrupted)" if cell["minutes"] is None else f"{cell['minutes']:.1f}",
        ", ".join(f"{stage} {seconds:.0f}" for stage, seconds in cell["stage_seconds"].items()),
        *(f"{speed[name]:.0f}" if speed[name] else "" for name in ("rollout_tokens_per_s", "update_tokens_per_s")),
        f"{speed['peak_memory_mib']:.0f}",
        f"{cell['energy_kj']:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def _aims(cells: Sequence[Mapping[str, Any]]) -> list[str]:
    """Whether PPO from enough thumbs does what is asked."""
    ours = next((cell for cell in cells if (cell["thumbs"], cell["algorithm"]) == (AIM_THUMBS, "ppo")), None)
    asked = f"Asked of PPO from {AIM_THUMBS:,} thumbs: a win rate of {AIM_WIN_RATE} in at most {AIM_MINUTES:g} minutes"
    if ours is None:
        return [f"{asked}; it was not run."]
    rate, minutes = ours[CANDIDATE]["win_rate"]["value"], ours["minutes"]
    took = "it was interrupted" if minutes is None else f"{minutes:.1f} minutes"
    met = rate >= AIM_WIN_RATE and minutes is not None and minutes <= AIM_MINUTES
    return [f"{asked}. {'Met' if met else '**Missed**'}: {rate:.3f}, {took}."]


def _estimate(found: Mapping[str, Any]) -> str:
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"
