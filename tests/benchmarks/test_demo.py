"""Simulations side by side: what has ended is not simulated again, and the table says what missed its aim."""

import json
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from benchmarks import results
from benchmarks.demo import Case, cases, simulated
from benchmarks.demo_report import plot, report

WRITTEN = json.loads((results.RESULTS / "demo-2026-11-28.json").read_text())
"""What `attune simulate` wrote: round 1 was refused, round 2 promoted, round 3 undecided."""


def case(**changes: Any) -> dict[str, Any]:
    return {"date": "2026-11-28T08:00:00+00:00", "revision": "1234567", "report": deepcopy(WRITTEN) | changes}


def malicious() -> dict[str, Any]:
    """The same with a tenth of malicious people, whose brand half of the answers name."""
    found = case()
    told = found["report"]
    share = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 100, "method": "Wilson"}
    told["plan"]["crowd"]["malicious"] = 0.1
    told["closing"]["names_brand"] = share
    for each in told["rounds"]:
        each["thumbs"]["names_brand"] = share
        if each["trial"] is not None:
            each["trial"]["names_brand"] = {"canary": share, "live": share}
    return found


def test_the_table_says_what_became_of_every_candidate_and_which_aims_were_met() -> None:
    text = "\n".join(report([case(), case(failures=[{"after_s": 1.0, "request": "chat", "why": "no"}])]))
    assert "80% thumbs up at the end: met with 2 of 2 seeds." in text
    assert "85% wins of the last version against the base: met with 0 of 2 seeds." in text
    assert "no lost vote: met with 1 of 2 seeds." in text
    assert text.count("refused by the gate: reading, the lower end -0.175 is below -0.15") == 2
    assert "| v3 | passed the gate; promoted: thumbs up 75% of 76, live 56% of 84 |" in text
    assert "The brand" not in text, "nobody was malicious"


def test_malicious_people_have_a_table_of_their_own_and_no_part_in_the_aims(tmp_path: Path) -> None:
    found = [case(), malicious()]
    text = "\n".join(report(found))
    assert "met with 1 of 1 seeds" in text
    last = text.splitlines()[-1]
    assert last.startswith("| 11 | 10%, Lumo | 0.000 (0.000 to 0.019, n = 200) |") and "v3 0.500" in last
    plot(found, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_the_malicious_are_tried_with_the_first_seed() -> None:
    found = [Case(1), Case(2), Case(1, "5%", "Lumo"), Case(1, "10%", "Lumo"), Case(1, "10%", "Attune")]
    assert list(cases([1, 2], ["5%", "10%"], ["Lumo", "Attune"])) == found
    assert len({one.name for one in found}) == 5
    assert list(cases([1], [], ["Lumo", "Attune"])) == [Case(1)]
    assert "--malicious" not in Case(1).options(3, Path("home"))


def test_what_has_ended_is_kept_and_what_was_killed_begins_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[list[str]] = []

    def simulate(command: list[str], *, check: bool) -> None:
        begun.append(command)
        home = Path(command[command.index("--home") + 1])
        assert not home.exists(), "it wants a fresh folder"
        (home / "simulation/report-1").mkdir(parents=True)
        (home / "simulation/report-1/report.json").write_text('{"plan": {"rounds": 2}}')

    monkeypatch.setattr(subprocess, "run", simulate)
    monkeypatch.setattr(results, "revision", lambda: "1234567")
    (tmp_path / "seed-3-malicious-5%").mkdir()
    first, second = (simulated(Case(3, "5%"), 2, tmp_path) for _ in range(2))
    assert first == second and first["report"] == {"plan": {"rounds": 2}} and len(begun) == 1
    assert begun[0][-11:-2] == ["--rounds", "2", "--seed", "3", "--malicious", "5%", "--brand", "Lumo", "--home"]
    with pytest.raises(SystemExit, match="has 2 rounds, not 3"):
        simulated(Case(3, "5%"), 3, tmp_path)
