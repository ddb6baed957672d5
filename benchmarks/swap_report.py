"""The figures of `benchmarks.swap` as Markdown."""

from itertools import product
from typing import Any, Literal, get_args

from benchmarks.intervals import percentile

Action = Literal["canary", "promote", "rollback"]
Form = Literal["merged", "loaded", "mixed"]
How = Literal["loaded", "own engine"]
FORMS: dict[Form, str] = {
    "merged": "adapters, each merged and served by an engine of its own",
    "loaded": "adapters, loaded on the engine that runs",
    "mixed": "adapters, loaded on the engine that runs, and whole weights, each served by an engine of its own",
}


def report(figures: dict[str, Any]) -> list[str]:
    """The figures for people, as Markdown."""
    lines = [
        f"{len(figures['changes'])} changes in {figures['seconds']:.0f} s under {figures['concurrency']} open "
        f"requests; {FORMS[figures['form']]}.",
        "",
        f"- answers: {figures['answers']:,}, {figures['streams']:,} of them streams; failed: {figures['failed']}",
        f"- answers that mix two versions: {figures['mixed']}",
        f"- answers of a version that was not open then: {figures['of_a_version_that_was_not_open']}",
        f"- probes that failed: {figures['failed_probes']}",
        f"- open versions compared with the registry after a change: {figures['attested_compared']}; that served "
        f"something else: {len(figures['attested_otherwise'])}; largest mean distance of log-probabilities: "
        f"{figures['attested_largest_mean']:.3f} nats",
        "",
        "Seconds from the command until it is in effect: until a canary gets its first request; until the version that "
        "is taken away gets its last, and has ended its last answer.",
        "",
        "| change | served | n | p50 | p99 | last answer ended, p50 | p99 |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for action, how in product(get_args(Action), get_args(How)):
        of_kind = [change for change in figures["changes"] if (change["action"], change["how"]) == (action, how)]
        if not of_kind:
            continue
        took = [change["seconds"] for change in of_kind]
        ended = [change["finished_s"] for change in of_kind if change["finished_s"] is not None]
        row = [f"{percentile(took, 0.5):.2f}", f"{percentile(took, 0.99):.2f}"]
        row += [f"{percentile(ended, 0.5):.2f}", f"{percentile(ended, 0.99):.2f}"] if ended else ["-", "-"]
        lines.append(f"| {action} | {how} | {len(of_kind)} | {' | '.join(row)} |")
    lines += [
        "",
        "| latency, seconds | answers | TTFT p50 | p99 | whole answer p50 | p99 |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    rows = {"during a change": figures["latency_during_a_change"], "outside": figures["latency_outside"]}
    by_how = figures["latency_outside_by_how"].items()
    rows |= {f"outside, {how}": measured for how, measured in by_how if "ttft_p50_s" in measured}
    for name, measured in rows.items():
        cells = [f"{measured[part]:.2f}" for part in measured if part != "answers"]
        lines.append(f"| {name} | {measured['answers']:,} | {' | '.join(cells)} |")
    return lines
