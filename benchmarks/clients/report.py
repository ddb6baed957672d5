"""The table of what works."""

from collections.abc import Mapping, Sequence

from benchmarks.clients.cases import NAMES
from benchmarks.clients.catalogue import Client
from benchmarks.clients.trial import Cell

Tried = Mapping[str, Mapping[str, Cell]]
"""For each upstream the cells of a client."""
_SHORT = {"works": "✓", "fails": "✗", "not applicable": "n/a"}


def lines(tried: Sequence[tuple[Client, Tried]], node: str) -> list[str]:
    """The results as Markdown."""
    upstreams = list(tried[0][1])
    counts = [_count(tried, upstream) for upstream in upstreams]
    return [
        "Each client unchanged, in an environment of its own, through the gateway. In a cell: "
        + ", ".join(upstreams)
        + ". ✓ works, ✗ fails, n/a not applicable; reasons below. Tools are a demanded call and the turn after its "
        "result; structured is an answer as the client's own typed object; error is a model that there is not, and the "
        f"client's exception must name it, or its 404. Node {node}.",
        "",
        f"| client | {' | '.join(NAMES)} |",
        f"| --- | {' | '.join('---' for _ in NAMES)} |",
        *(_row(client, cells) for client, cells in tried),
        "",
        *counts,
        "",
        "## Packages",
        "",
        *(
            f"- {client.name}: {', '.join(client.packages)}" + (f"; {client.note}" if client.note else "")
            for client, _ in tried
        ),
        "",
        "## Reasons",
        "",
        *_reasons(tried),
    ]


def _row(client: Client, cells: Tried) -> str:
    shown = (" ".join(_SHORT[found[case].state] for found in cells.values()) for case in NAMES)
    return f"| {client.name} | {' | '.join(shown)} |"


def _count(tried: Sequence[tuple[Client, Tried]], upstream: str) -> str:
    states = [cell.state for _, cells in tried for cell in cells[upstream].values()]
    return f"- {upstream}: {states.count('works')} work, {states.count('fails')} fail, of {len(tried)} clients"


def _reasons(tried: Sequence[tuple[Client, Tried]]) -> list[str]:
    found = [
        f"- {client.name}, {case}, {upstream}: {cell.state}: {' '.join(cell.reason.split())[:300]}"
        for client, cells in tried
        for upstream, by_case in cells.items()
        for case, cell in by_case.items()
        if cell.reason
    ]
    return found or ["None."]
