"""Pictures of a simulation, as PNG in memory, drawn without a display."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

Limits = tuple[float | None, float | None]


def points(
    found: Sequence[tuple[str, Mapping[str, Any]]],
    label: str,
    aim: float | None = None,
    limits: Limits = (None, None),
) -> bytes:
    """Figures with their intervals, side by side in the order of time.

    Args:
        found: Name and estimate (as JSON) of each; those without a figure are left out.
        label: Of the axis.
        aim: Where a line is drawn.
        limits: Ends of the axis; None leaves one to the figures.
    """
    shown = [(name, estimate) for name, estimate in found if estimate["value"] is not None]
    figure = Figure(figsize=(7, 3), layout="constrained")
    axes: Any = figure.subplots()
    for place, (_, estimate) in enumerate(shown):
        value = estimate["value"]
        low, high = (value if end is None else end for end in (estimate["low"], estimate["high"]))
        axes.errorbar(place, value, yerr=[[value - low], [high - value]], marker="o", capsize=4, color="tab:blue")
    axes.plot(range(len(shown)), [estimate["value"] for _, estimate in shown], color="tab:blue", alpha=0.4)
    if aim is not None:
        axes.axhline(aim, color="0.6", linestyle="--", linewidth=1)
    axes.set_xticks(range(len(shown)), [name for name, _ in shown])
    axes.set_ylabel(label)
    axes.set_ylim(*limits)
    return _png(figure)


def live_versions(events: Sequence[Mapping[str, Any]], end: datetime) -> bytes:
    """The live version over time as steps, the canaries beside it.

    Args:
        events: Oldest first: `at` (ISO 8601), and the `live` and `canary` version from then on.
        end: Of the simulation.
    """
    began = datetime.fromisoformat(events[0]["at"])
    ends = [*(datetime.fromisoformat(event["at"]) for event in events), end]
    times = [(at - began).total_seconds() / 60 for at in ends]
    figure = Figure(figsize=(7, 2.6), layout="constrained")
    axes: Any = figure.subplots()
    for kind, colour, width in (("live", "tab:blue", 4), ("canary", "tab:orange", 2)):
        spans = [
            (event[kind], times[place], times[place + 1])
            for place, event in enumerate(events)
            if event[kind] is not None
        ]
        for number, (version, start, stop) in enumerate(spans):
            told = {"label": kind} if number == 0 else {}
            axes.plot([start, stop], [version, version], color=colour, linewidth=width, **told)
    seen = sorted({event[kind] for event in events for kind in ("live", "canary")} - {None})
    axes.set_yticks(seen, [f"v{version}" for version in seen])
    axes.set_xlabel("minutes")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return _png(figure)


def _png(figure: Figure) -> bytes:
    FigureCanvasAgg(figure)
    written = BytesIO()
    figure.savefig(written, dpi=110, metadata={"Software": None})
    return written.getvalue()
