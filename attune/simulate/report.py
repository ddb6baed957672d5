"""The report of a simulation: Markdown, one HTML file with its pictures in it, and JSON."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from attune.simulate import plots
from evals.statistics import Estimate

AIM_UP, AIM_WIN_RATE = 0.8, 0.85
"""What the loop is to reach in three rounds: the last thumbs-up rate, and wins against the base."""

_SHARE = (0.0, 1.0)
_MARKS = {True: "met", False: "**missed**"}


def write(folder: Path, figures: Mapping[str, Any]) -> Path:
    """Writes `report.json`, `report.md` and `report.html` into a folder; returns the path of the last.

    Args:
        folder: Made if it is not there.
        figures: Of `figures.figures`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pages = Environment(
        loader=PackageLoader("attune.simulate"),
        autoescape=lambda name: name == "report.html",
        undefined=StrictUndefined,
    )
    pages.filters.update(estimate=_estimate, cell=_cell)
    told = {"found": figures, "facts": list(_facts(figures)), "aims": list(_aims(figures))}
    (folder / "report.json").write_text(json.dumps(figures, indent=1, default=str) + "\n", encoding="utf-8")
    (folder / "report.md").write_text(pages.get_template("report.md").render(told), encoding="utf-8")
    pictures = [(title, f"data:image/png;base64,{b64encode(png).decode()}") for title, png in _pictures(figures)]
    page = folder / "report.html"
    page.write_text(pages.get_template("report.html").render(told | {"pictures": pictures}), encoding="utf-8")
    return page


def _facts(figures: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What was simulated and what it took, name and value."""
    plan, votes = figures["plan"], figures["votes"]
    crowd = plan["crowd"]
    sent = sum(figures["requests"].values())
    yield "base model", figures["base_model"]
    yield "seed", str(plan["seed"])
    yield (
        "people",
        f"{crowd['people']}: {crowd['contrary']:.0%} contrary, {crowd['random']:.0%} at random, "
        f"{crowd['malicious']:.0%} malicious (brand {crowd['brand']}); {crowd['flipped']:.0%} of the votes flipped",
    )
    yield (
        "rounds",
        f"{len(figures['rounds'])} of {plan['rounds']}" + (f": {figures['stopped']}" if figures["stopped"] else ""),
    )
    yield "minutes", f"{figures['minutes']:.1f}"
    yield "requests", f"{sent}, of which failed: {len(figures['failures'])}"
    yield "votes acknowledged, and in the ledger", f"{votes['acknowledged']}, {votes['stored']}"
    yield "energy of the alignment runs, without the gate", f"{figures['energy_kj']:.1f} kJ"


def _aims(figures: Mapping[str, Any]) -> Iterator[str]:
    """Whether the loop did what is asked of three rounds; what was not simulated is said to be so."""
    last = figures["versions"][-1]["win_rate"]
    reached = (
        ("thumbs up at the end", figures["closing"]["up"], AIM_UP),
        ("wins of the last version against the base", last, AIM_WIN_RATE),
    )
    for name, found, aim in reached:
        if found is None or found["value"] is None:
            yield f"{name}: asked {aim:.0%}; **missed**, there is no figure."
        else:
            yield f"{name}: asked {aim:.0%}; {_MARKS[found['value'] >= aim]}, {_estimate(found)}."
    failed, votes = len(figures["failures"]), figures["votes"]
    yield f"failed requests: asked 0; {_MARKS[failed == 0]}, {failed}."
    lost = votes["acknowledged"] - votes["stored"]
    yield f"acknowledged votes that are not in the ledger: asked 0; {_MARKS[lost == 0]}, {lost}."


def _pictures(figures: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    rounds, versions = figures["rounds"], figures["versions"]
    up = [(f"round {found['number']}", found["thumbs"]["up"]) for found in rounds]
    yield (
        "Thumbs up",
        plots.points([*up, ("at the end", figures["closing"]["up"])], "share of thumbs up", AIM_UP, _SHARE),
    )
    scores = [(f"v{found['version']}", found["score"]) for found in versions]
    yield "What the hidden taste says of each live version", plots.points(scores, "gold score")
    first = {"at": figures["began"], "live": versions[0]["version"], "canary": None}
    ended = datetime.fromisoformat(figures["ended"])
    yield "Live version over time", plots.live_versions([first, *figures["events"]], ended)
    kl = [(f"v{found['version']}", found["kl"]) for found in versions if found["kl"] is not None]
    if kl:
        yield "Distance from the base", plots.points(kl, "nats per answer", limits=(0, None))
    judged = [
        (f"round {found['number']}", found["learned"]["reward_model"]["auroc"])
        for found in rounds
        if "auroc" in found["learned"]["reward_model"]
    ]
    if judged:
        yield "Reward model on held-out thumbs", plots.points(judged, "AUROC", 0.5, _SHARE)


def _estimate(found: Mapping[str, Any] | None) -> str:
    """A figure as it stands in a report; empty where none is due."""
    return "" if found is None else str(Estimate.model_validate(found))


def _cell(text: object) -> str:
    """As it can stand in a cell of a Markdown table."""
    return " ".join(str(text).split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
