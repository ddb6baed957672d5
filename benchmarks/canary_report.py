"""The figures of `benchmarks.canary_simulation` for people: tables and a plot."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evals.statistics import wilson

Figures = Mapping[str, Any]


def report(figures: Figures) -> list[str]:
    """The figures as Markdown."""
    return [
        *_same(figures),
        "",
        *_repeats(figures["repeats"]),
        "",
        *_drops(figures),
        "",
        *_promotions(figures),
        "",
        *_verdicts(figures),
    ]


def plot(figures: Figures, path: Path) -> None:
    """Left, false rollbacks over the days; right, rollbacks of worse canaries over the days."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    days = range(1, figures["days"] + 1)
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4.5))
    same = next(one for one in figures["same"] if one["scenario"]["share"] == 0.5 and one["scenario"]["live"] == 0.7)
    left.plot(days, [n / same["runs"] for n in same["z_peeked_by_day"]], label="z-test looked at daily")
    left.plot(days, [n / same["runs"] for n in same["rolled_back_by_day"]], label="always-valid test")
    left.axhline(_level(figures), color="gray", linestyle="--", linewidth=0.8, label="level of both")
    left.set_title(f"No difference ({same['name']})", fontsize=9)
    left.set_ylabel("share of the runs rolled back")
    for one in figures["drops"]:
        right.plot(days, [n / one["runs"] for n in one["rolled_back_by_day"]], label=_daily(one, figures["days"]))
    right.set_title("A worse canary, always-valid test", fontsize=9)
    for axes in (left, right):
        axes.set_xlabel("day")
        axes.set_ylim(bottom=0)
        axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def _same(figures: Figures) -> list[str]:
    guards = figures["guards"]
    lines = [
        f"Each row is {figures['same'][0]['runs']:,} runs of {figures['days']} days. The thumbs test stands at its",
        f"limit of the default rules, a false rollback in {_level(figures):.1%} at most; the z-test (pooled,",
        "one-sided) has the same level. Shares with Wilson's 95 % intervals.",
        "",
        "## Two versions that are alike: false rollbacks",
        "",
        "| thumbs-up | raters | always-valid test | z-test looked at daily | z-test looked at once |",
        "| --- | --- | --- | --- | --- |",
    ]
    for one in figures["same"]:
        peeked = _percent(one["z_peeked_by_day"][-1], one["runs"])
        lines.append(f"| {_head(one)} | {_share(one, 'rolled_back')} | {peeked} | {_share(one, 'z_once')} |")
    return [
        *lines,
        "",
        f"Thumbs alike, and all {len(guards['by_guard'])} guards at the very edge of what they tolerate,",
        f"{guards['users']:,} users and as many raters: {_share(guards, 'rolled_back')} rolled back by any of the",
        f"tests, which together may err in {figures['rules']['false_rollback']:.0%}.",
    ]


def _repeats(figures: Figures) -> list[str]:
    return [
        f"{figures['raters']} people of different taste vote {figures['votes'] // figures['raters']} times each on two",
        "versions that are alike; the same test on",
        "",
        "| what counts | false rollbacks |",
        "| --- | --- |",
        *(f"| {way} | {_share(figures, way)} |" for way in ("first vote", "latest vote, daily", "all votes")),
    ]


def _drops(figures: Figures) -> list[str]:
    lines = [
        "## A worse canary: power, and votes on the canary until half, 80 % and 90 % of the runs are rolled back",
        "",
        "| thumbs-up | raters | rolled back | half | 80 % | 90 % | z-test looked at once |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in figures["drops"]:
        needed = " | ".join(_votes(one["votes_on_canary"][q]) for q in ("0.5", "0.8", "0.9"))
        lines.append(f"| {_head(one)} | {_share(one, 'rolled_back')} | {needed} | {_share(one, 'z_once')} |")
    return lines


def _promotions(figures: Figures) -> list[str]:
    rules = figures["rules"]
    return [
        f"## Promotion: ruling out a drop of {rules['margin']:.0%}, wrong in {rules['false_promotion']:.0%} at most",
        "",
        "By evidence alone, as if nothing were rolled back.",
        "",
        "| thumbs-up | raters | promoted |",
        "| --- | --- | --- |",
        *(f"| {_head(one)} | {_share(one, 'promoted_if_alone')} |" for one in (*figures["same"], *figures["drops"])),
    ]


def _verdicts(figures: Figures) -> list[str]:
    first = figures["verdicts"][0]
    lines = [
        "## False voters: outcomes by who counts",
        "",
        f"{first['raters']:,} honest raters, half of them on the canary, of whom 70 % like the live version. Flooded:",
        f"beside them {first['false']:,} raters who were made for the trial, and who vote for the live version and",
        f"against the canary. What is decided of {first['runs']:,} runs. *All alike* is the rule from before",
        "established raters were told apart.",
        "",
        "| drop | who counts | outcomes |",
        "| --- | --- | --- |",
    ]
    for one in figures["verdicts"]:
        for who, outcomes in one["outcomes"].items():
            said = ", ".join(f"{outcome} {count:,}" for outcome, count in outcomes.items())
            lines.append(f"| {one['drop'] * 100:.0f} points | {who} | {said} |")
    return lines


def _level(figures: Figures) -> float:
    """The chance of a false rollback by one of the two tests of thumbs, which share half of the whole."""
    return float(figures["rules"]["false_rollback"]) / 4


def _head(one: Figures) -> str:
    return f"{one['name']} | {one['scenario']['raters']:,}"


def _daily(one: Figures, days: int) -> str:
    scenario = one["scenario"]
    raters = scenario["raters"] // days
    return f"drop {scenario['drop'] * 100:.0f} points, share {scenario['share']:.0%}, {raters:,} raters a day"


def _votes(count: int | None) -> str:
    return "not within the horizon" if count is None else f"{count:,}"


def _share(figures: Figures, name: str) -> str:
    return _percent(figures[name], figures["runs"])


def _percent(hits: int, n: int) -> str:
    estimate = wilson(hits, n)
    assert estimate.value is not None and estimate.low is not None and estimate.high is not None, "there are runs"
    return f"{estimate.value:.1%} ({estimate.low:.1%} to {estimate.high:.1%})"
