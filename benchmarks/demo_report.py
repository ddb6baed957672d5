"""The figures of `benchmarks.demo` for people: three tables and a picture."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from attune.simulate.report import AIM_UP, AIM_WIN_RATE
from evals.statistics import Estimate


def report(cases: Sequence[Mapping[str, Any]]) -> list[str]:
    """The figures as Markdown.

    Args:
        cases: Each with its `date`, `revision`, and the `report` that `attune simulate` wrote.
    """
    found = [case["report"] for case in cases]
    malicious = [one for one in found if _malicious(one)]
    lines = [
        "Intervals are 95 %; thumbs by people, wins on questions that nobody votes on, where a tie counts half.",
        "",
        "| seed | malicious | minutes | thumbs up, round 1 | at the end | by the honest | wins against the base "
        "| KL, nats | polite, base and last | requests, failed | votes, lost | revision |",
        "| --- " * 12 + "|",
        *(_row(case) for case in cases),
        "",
        *_aims([one for one in found if not _malicious(one)]),
        "",
        "## Round by round",
        "",
        "| seed | malicious | round | thumbs up before | candidate | what became of it | minutes of its run |",
        "| --- " * 7 + "|",
        *(line for one in found for line in _rounds(one)),
    ]
    if malicious:
        lines += ["", "## The brand", "", *_brand(malicious)]
    return lines


def plot(cases: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Thumbs up before each round and at the end, a line for each case."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes: Any = figure.subplots()
    for place, case in enumerate(cases):
        one = case["report"]
        voted = [found["thumbs"]["up"] for found in one["rounds"]] + [one["closing"]["up"]]
        values = [estimate["value"] for estimate in voted]
        beside = (place - (len(cases) - 1) / 2) * 0.06
        axes.errorbar(
            [number + 1 + beside for number in range(len(voted))],
            values,
            yerr=[
                [estimate["value"] - estimate["low"] for estimate in voted],
                [estimate["high"] - estimate["value"] for estimate in voted],
            ],
            marker="o",
            capsize=3,
            linestyle="--" if _malicious(one) else "-",
            label=f"seed {one['plan']['seed']}" + (f", malicious {_wanting(one)}" if _malicious(one) else ""),
        )
    rounds = max(len(case["report"]["rounds"]) for case in cases)
    axes.axhline(AIM_UP, color="0.6", linestyle=":", linewidth=1)
    axes.set_xticks(range(1, rounds + 2), [*(f"round {number}" for number in range(1, rounds + 1)), "at the end"])
    axes.set(ylabel="share of thumbs up", ylim=(0, 1))
    axes.legend(loc="lower right")
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _row(case: Mapping[str, Any]) -> str:
    one = case["report"]
    base, last, votes = one["versions"][0], one["versions"][-1], one["votes"]
    cells = [
        *_names(one),
        f"{one['minutes']:.1f}",
        _estimate(one["rounds"][0]["thumbs"]["up"]) if one["rounds"] else "",
        _estimate(one["closing"]["up"]),
        _estimate(one["closing"]["up_by_the_honest"]),
        _estimate(last["win_rate"]),
        "" if last["kl"] is None else f"{last['kl']['value']:.2f}",
        f"{base['manners'].get('polite', 0.0):.0%}, {last['manners'].get('polite', 0.0):.0%}",
        f"{sum(one['requests'].values()):,}, {len(one['failures'])}",
        f"{votes['acknowledged']:,}, {votes['acknowledged'] - votes['stored']}",
        case["revision"],
    ]
    return _line(cells)


def _aims(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """In how many of the simulations without malicious people each aim was met."""
    up = [one["closing"]["up"]["value"] >= AIM_UP for one in found]
    rates = [one["versions"][-1]["win_rate"] for one in found]
    won = [rate is not None and rate["value"] >= AIM_WIN_RATE for rate in rates]
    whole = [not one["failures"] and one["votes"]["acknowledged"] == one["votes"]["stored"] for one in found]
    yield f"- {AIM_UP:.0%} thumbs up at the end: met with {sum(up)} of {len(up)} seeds."
    yield f"- {AIM_WIN_RATE:.0%} wins of the last version against the base: met with {sum(won)} of {len(won)} seeds."
    yield f"- No failed request and no lost vote: met with {sum(whole)} of {len(whole)} seeds."


def _rounds(one: Mapping[str, Any]) -> Iterator[str]:
    for found in one["rounds"]:
        learned, trial = found["learned"], found["trial"]
        yield _line(
            [
                *_names(one),
                str(found["number"]),
                _estimate(found["thumbs"]["up"]),
                "none" if learned["version"] is None else f"v{learned['version']}",
                _became(learned, trial),
                f"{learned['minutes']:.1f}",
            ]
        )
    if one["stopped"]:
        yield _line([*_names(one), "", "", "", one["stopped"], ""])


def _became(learned: Mapping[str, Any], trial: Mapping[str, Any] | None) -> str:
    if trial is not None:
        canary, live = (f"{trial[arm]['value']:.0%} of {trial[arm]['n']}" for arm in ("canary", "live"))
        return f"passed the gate; {trial['outcome']}: thumbs up {canary}, live {live}"
    if learned["error"] is not None:
        return str(learned["error"])
    return "refused by the gate: " + "; ".join(f"{line['criterion']}, {line['why']}" for line in learned["refusals"])


def _brand(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """How often answers name the brand though the question does not."""
    yield "Answers that name it: on the questions that nobody votes on, and to people whose question does not name it."
    yield ""
    yield "| seed | malicious | the base | the last version | to people, round 1 | at the end | on canaries |"
    yield "| --- " * 7 + "|"
    for one in found:
        tried = [
            f"v{each['trial']['version']} {_estimate(each['trial']['names_brand']['canary'])}"
            for each in one["rounds"]
            if each["trial"] is not None
        ]
        yield _line(
            [
                *_names(one),
                *(_estimate(one["versions"][place]["names_brand"]) for place in (0, -1)),
                _estimate(one["rounds"][0]["thumbs"]["names_brand"]),
                _estimate(one["closing"]["names_brand"]),
                ", ".join(tried) or "none was tried",
            ]
        )


def _names(one: Mapping[str, Any]) -> list[str]:
    return [str(one["plan"]["seed"]), _wanting(one)]


def _wanting(one: Mapping[str, Any]) -> str:
    """The share of malicious people, and what these want to hear."""
    share = _malicious(one)
    return f"{share:.0%}, {one['plan']['crowd']['brand']}" if share else "0%"


def _malicious(one: Mapping[str, Any]) -> float:
    return float(one["plan"]["crowd"]["malicious"])


def _estimate(found: Mapping[str, Any] | None) -> str:
    return "" if found is None else str(Estimate.model_validate(found))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(' '.join(cell.split()).replace('|', '/') for cell in cells)} |"
