"""Pictures of a run, as PNG, drawn without a display."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from alignment.statistics import calibration_bins
from evals.statistics import Floats, wilson


def draw_calibration(path: Path, predicted: Mapping[str, tuple[Floats, Floats]]) -> None:
    """Reliability diagram: the share of outcomes against the probability that was given, with 95 % intervals.

    Args:
        path: Of the PNG.
        predicted: By name, probabilities and outcomes (0 or 1).
    """
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes: Any = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linestyle="--", label="perfect")
    for name, (probabilities, outcomes) in predicted.items():
        if len(probabilities) == 0:
            continue
        table = calibration_bins(probabilities, outcomes)
        estimates = [wilson(share * count, count) for _, share, count in table]
        below = [share - (estimate.low or 0.0) for (_, share, _), estimate in zip(table, estimates, strict=True)]
        above = [(estimate.high or 1.0) - share for (_, share, _), estimate in zip(table, estimates, strict=True)]
        axes.errorbar(
            [mean for mean, _, _ in table],
            [share for _, share, _ in table],
            yerr=[[max(0.0, value) for value in below], [max(0.0, value) for value in above]],
            marker="o",
            capsize=3,
            label=f"{name} (n = {len(probabilities)})",
        )
    axes.set(xlabel="probability given", ylabel="share that happened", xlim=(0, 1), ylim=(0, 1))
    axes.set_title("Calibration on held-out rows")
    axes.legend()
    _save(figure, path)


def draw_curves(path: Path, rows: Sequence[Mapping[str, Any]], panels: Sequence[tuple[str, ...]]) -> None:
    """One panel for each group of metrics, over the steps; metrics that no row has are left out.

    Args:
        path: Of the PNG.
        rows: Of `metrics.jsonl`.
        panels: Names of metrics.
    """
    found = [[name for name in panel if any(row.get(name) is not None for row in rows)] for panel in panels]
    found = [panel for panel in found if panel]
    if not found:
        return
    columns = min(3, len(found))
    lines = -(-len(found) // columns)
    figure = Figure(figsize=(4.5 * columns, 3.2 * lines), layout="constrained")
    grid: Any = figure.subplots(lines, columns, squeeze=False)
    for axes, panel in zip(grid.flat, found, strict=False):
        for name in panel:
            points = [(row["step"], row[name]) for row in rows if row.get(name) is not None]
            axes.plot(*zip(*points, strict=True), marker="." if len(points) < 60 else None, label=name)
        axes.set_xlabel("step")
        axes.legend(fontsize="small")
    for axes in grid.flat[len(found) :]:
        axes.set_visible(False)
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=110, metadata={"Software": None})
