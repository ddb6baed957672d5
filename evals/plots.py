"""Pictures of a comparison, as PNG in memory, drawn without a display."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from evals.gate import Criterion


def intervals(criteria: Sequence[Criterion], centre: float, label: str) -> bytes:
    """Figures with their intervals, a row each; what was refused is red.

    Args:
        criteria: With figures.
        centre: Where nothing has changed; a line is drawn there.
        label: Of the axis.
    """
    figure = Figure(figsize=(7, 0.6 + 0.42 * max(1, len(criteria))), layout="constrained")
    axes: Any = figure.subplots()
    axes.axvline(centre, color="0.6", linestyle="--", linewidth=1)
    shown = [c for c in criteria if c.figure is not None and None not in (c.figure.value, c.figure.low, c.figure.high)]
    for row, criterion in enumerate(reversed(shown)):
        estimate: Any = criterion.figure
        colour = "tab:blue" if criterion.passed else "tab:red"
        axes.plot([estimate.low, estimate.high], [row, row], color=colour, linewidth=2)
        axes.plot([estimate.value], [row], color=colour, marker="o")
    axes.set_yticks(range(len(shown)), [criterion.name for criterion in reversed(shown)])
    axes.set_xlabel(label)
    return _png(figure)


def lengths(candidate: Sequence[int], parent: Sequence[int]) -> bytes:
    """How long the answers are, in words."""
    figure = Figure(figsize=(7, 3), layout="constrained")
    axes: Any = figure.subplots()
    edges = _edges(max((*candidate, *parent), default=0))
    axes.hist([list(parent), list(candidate)], bins=edges, label=["parent", "candidate"])
    axes.set(xlabel="words of an answer", ylabel="answers")
    axes.legend()
    return _png(figure)


def reward_against_kl(looks: Sequence[tuple[float, float]]) -> bytes:
    """How much reward the distance from the parent has bought, and whether it still does at the end.

    Args:
        looks: Nats per answer and mean reward, in the order of training.
    """
    figure = Figure(figsize=(7, 3), layout="constrained")
    axes: Any = figure.subplots()
    kl, reward = zip(*looks, strict=True)
    axes.plot(kl, reward, marker="o", color="tab:blue")
    axes.annotate("parent", (kl[0], reward[0]), textcoords="offset points", xytext=(6, -4))
    axes.set(xlabel="KL from the parent, nats per answer", ylabel="mean reward on held-out prompts")
    return _png(figure)


def _edges(most: int) -> list[int]:
    """Of about thirty bins of whole words; the last is not below `most`, so that no answer is left out."""
    step = max(1, most // 30)
    return list(range(0, most + step + 1, step))


def _png(figure: Figure) -> bytes:
    FigureCanvasAgg(figure)
    out = BytesIO()
    figure.savefig(out, format="png", dpi=110, metadata={"Software": None})
    return out.getvalue()
