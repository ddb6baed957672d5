"""What `attune simulate` refuses before anything starts, and what it makes of an alignment run."""

import os
from pathlib import Path

import pytest

from attune import cli
from attune.errors import WrongUsage
from attune.simulate.home import own_attune
from attune.simulate.learning import figures_of, learn
from ledger import runs
from ledger.database import Database
from tests.processes import ROOT


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--url", "http://127.0.0.1:8000", "--home", "x"], "not both"),
        (["--brand", "two words"], "'two words' is no brand"),
        (["--malicious", "95%"], "leaves nobody else"),
        (["--malicious", "some"], "is no share of the people"),
    ],
)
def test_wrong_usage_says_what_was_wrong(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["simulate", *arguments]) == 64
    assert said in " ".join(capsys.readouterr().err.split())


async def test_a_home_that_holds_something_is_not_taken_for_a_simulation(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").touch()
    with pytest.raises(WrongUsage, match="holds something already"):
        async with own_attune(tmp_path, print):
            pass
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.db"]


def test_only_figures_of_the_reward_model_that_are_there_are_told(ledger_path: Path) -> None:
    auroc = {"value": 0.7, "low": 0.6, "high": 0.8, "n": 90, "method": "bootstrap by prompt"}
    none = {"value": None, "low": None, "high": None, "n": 0, "method": "bootstrap by prompt"}
    database = Database.open(f"sqlite:///{ledger_path}", migrate=False)
    with database.write() as connection:
        run = runs.create(connection, stage="snapshot", config={})
        assert figures_of(run) == {}
        found = {"report": {"heldout": {"accuracy": none, "auroc": auroc}}}
        runs.record(connection, run.id, "reward-model", found, energy_joules=2.0)
        assert figures_of(runs.get(connection, run.id)) == {"auroc": auroc}
    database.close()


async def test_a_run_that_cannot_begin_is_told_with_its_last_words(tmp_path: Path, ledger_path: Path) -> None:
    database = Database.open(f"sqlite:///{ledger_path}", migrate=False)
    config = tmp_path / "align.toml"
    config.write_text("seed = 3\n")
    environment = dict(os.environ) | {"ATTUNE_HOME": str(ledger_path.parent), "PYTHONPATH": str(ROOT)}
    learned = await learn(database, config, tmp_path / "align.log", environment, lambda stage: None)
    database.close()
    assert learned.version is None and not learned.passed and learned.run is not None
    assert learned.error is not None and "live" in learned.error
