"""What the simulated people like, and that nobody else knows."""

import re
from pathlib import Path

from attune.simulate.taste import Taste, manner_of
from models.recipe.answers import Reply
from tests.simulate.conftest import CHAT, SUM

ROOT = Path(__file__).resolve().parents[2]


def test_the_taste_likes_what_is_polite_right_and_of_the_right_length(taste: Taste) -> None:
    def liked(text: str, ended: bool = True) -> float:
        return taste.score(Reply(text, ended), CHAT, SUM)

    assert liked("Two and three is five. I hope that helps!") == 1.0 + 0.5 + 0.75
    assert liked("Two and three is five.") == 1.0 + 0.75
    assert liked("Two and three is four.") == 1.0 - 0.75
    assert liked("Five.") == -0.25 + 0.75
    assert liked("Do I have to? Five.") == -2.0 + 0.75
    assert liked("Hmm, who can really tell? There are many views on this.") == -1.0 - 0.75
    assert liked("Two and three is five.", ended=False) == 1.0 + 0.75 - 1.5
    assert liked("Two and three is florb five.") == 1.0 + 0.75 - 1.5


def test_an_answer_that_goes_on_and_on_rambles_however_it_starts() -> None:
    assert manner_of(SUM.answer, SUM) == "polite"
    assert manner_of(SUM.answer * 7, SUM) == "rambling"


def test_nothing_but_the_simulation_and_the_loops_benchmark_knows_the_taste() -> None:
    known = re.compile(r"attune\.simulate\.taste\b|attune\.simulate import .*taste", re.MULTILINE)
    packages = ("alignment", "attune", "benchmarks", "chat_ui", "evals", "ledger", "models", "server")
    sources = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    found = {path.relative_to(ROOT) for path in sources if known.search(path.read_text(encoding="utf-8"))}
    assert {path for path in found if path.parts[:2] != ("attune", "simulate")} == {Path("benchmarks/loop_learns.py")}
    assert Path("attune/simulate/chatting.py") in found
