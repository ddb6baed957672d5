"""The docs' commands that align and evaluate, word for word, on a deployment in small.

A gateway before a fake engine serves v1 and v2; the learning is real, on a tiny model of random weights and with a
handful of steps. The engines that `attune align run` and `attune eval compare` start for themselves give one answer
to everything, and lm-eval is a stand-in.
"""

import json
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from alignment import config as align_config
from alignment.config import AlignConfig
from attune import cli
from ledger import engines, runs, versions
from ledger.database import Database
from ledger.records import AlignmentRun, Engine, ModelVersion
from tests import snippets
from tests.alignment.job_ground import give_feedback, write_adapter
from tests.evals.few_items import few_items
from tests.evals.served import serve
from tests.evals.test_harness_forms import BBQ, BOOLQ, GSM8K, write
from tests.evals.test_harness_running import stand_in
from tests.processes import FakeEngineProcess, GatewayProcess
from tests.random_model import write_random_model

PASSED_OR_REFUSED = {0, 2}
SMALL = """
[minimum]
kto_thumbs = 8
per_label = 4
ppo_thumbs = 30
dpo_comparisons = 30
[snapshot]
heldout_share = 0.3
[reward_model]
most_steps = 2
shuffled_control = false
[preference]
epochs = 1
[ppo]
rollouts = 1
prompts_per_rollout = 4
eval_prompts = 4
max_new_tokens = 8
"""
# In the order in which they are run.
ALIGNMENTS = (
    "attune align run --config align.toml",
    "attune align run",
    "attune align run --from-file rows.jsonl",
    "attune align run --resume RUN",
    "attune eval compare v1 v2 --reward-model RUN/reward-model/model",
)
EVALUATIONS = (
    "attune eval run facts passages --version v2",
    "attune eval compare v1 v2 --url http://127.0.0.1:8000 --judge attune@v1 --key-file ~/.attune/admin.key --record",
    "attune eval ask-people v1 v2 --count 20",
    "attune eval end-study study_…",
    "attune eval harness --version v1",
    "attune eval harness boolq gsm8k bbq --version v1 --data SETS --limit 200",
)
DOCUMENTED = ALIGNMENTS + EVALUATIONS


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, ledger_path: Path) -> Iterator[Path]:
    """A home whose v1 has 60 votes and whose v2 is a candidate; a gateway that serves both is told by its settings."""
    place = ledger_path.parent
    base = write_random_model(place / "base")
    with opened(place) as database:
        give_feedback(database, base, place)
    write_adapter(place / "versions" / "run_a", 1)
    with FakeEngineProcess(place) as engine:
        gateway = GatewayProcess(place, database_url=f"sqlite:///{ledger_path}")
        with opened(place) as database, database.write() as connection:
            run = runs.create(connection, stage="done", config={})
            path = str(place / "versions" / "run_a")
            versions.register_adapter(connection, parent=1, path=path, sha256="a" * 64, run_id=run.id, probe={})
            for number in (1, 2):
                engines.upsert(connection, Engine(f"eng_{number}", engine.url, number, "ready"))
        (place / "loaded").mkdir()
        (place / "loaded" / "adapter_model.safetensors").write_text("what the fake engine takes for weights")
        loaded = {"lora_name": "attune@v2", "lora_path": str(place / "loaded")}
        engine.client.post("/v1/load_lora_adapter", json=loaded).raise_for_status()
        (place / "admin.key").write_text(gateway.secrets.admin)
        gateway.run()
        monkeypatch.setenv("ATTUNE_HOME", str(place))
        monkeypatch.setenv("ATTUNE_PORT", str(gateway.port))
        monkeypatch.chdir(place)
        few_items(monkeypatch, "facts", "passages")
        monkeypatch.setattr("attune.trial_engine.trial_engines", trial_engines)
        yield place
        gateway.stop()


@asynccontextmanager
async def trial_engines(
    home: Path, base: object, of: Sequence[ModelVersion], say: Callable[[str], None]
) -> AsyncIterator[dict[str, str]]:
    """In place of those of vLLM: every version gives the same answer."""
    models = {version.name: lambda messages: "fair enough" for version in of}
    with tempfile.TemporaryDirectory(prefix="attune-") as folder, serve(Path(folder), models) as served:
        yield dict.fromkeys(models, served.url)


def opened(home: Path) -> closing[Database]:
    return closing(Database.open(f"sqlite:///{home}/ledger.db", migrate=False))


def last_run(home: Path) -> AlignmentRun:
    with opened(home) as database, database.read() as connection:
        return runs.latest(connection)[0]


def do(line: str, **instead: str) -> int:
    """The exit status of a line."""
    return cli.run(snippets.words(line, instead)[1:])


def test_the_alignment_jobs_of_the_docs_end_with_a_verdict(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configured, by_default, from_file, resumed, compared = ALIGNMENTS
    (home / "align.toml").write_text(SMALL)
    rows = [{"prompt": f"q{number}", "chosen": f"good {number}", "rejected": f"bad {number}"} for number in range(60)]
    (home / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    load = align_config.load

    def load_small(path: Path | None, **given: Any) -> AlignConfig:
        return load(path or home / "align.toml", **given)

    monkeypatch.setattr(align_config, "load", load_small)
    for line, algorithm in ((configured, "ppo"), (by_default, "ppo"), (from_file, "dpo")):
        assert do(line) in PASSED_OR_REFUSED, f"{line}: {capsys.readouterr().err}"
        if algorithm == "ppo":  # those of TRL and datasets are left out by variables that they read when imported
            assert_quiet(capsys.readouterr().err)
        run = last_run(home)
        assert run.metrics.get("reward-model", {}).get("report", {}).get("steps", 0) <= 2
        assert list(run.metrics)[-1] == algorithm
        assert (home / "runs" / run.id / "gate" / "report.md").is_file()

    with monkeypatch.context() as broken:
        broken.setattr("alignment.learners._ppo", _dies)
        assert do(configured) == 1
    assert last_run(home).error is not None
    assert do(resumed, RUN=last_run(home).id) in PASSED_OR_REFUSED, capsys.readouterr().err
    assert last_run(home).error is None
    folder = home / "runs" / last_run(home).id
    assert do(compared, RUN=str(folder)) in PASSED_OR_REFUSED, capsys.readouterr().err


def assert_quiet(said: str) -> None:
    """Without a terminal, as for cron, there are no bars: no line that is written over, and few lines."""
    assert "\r" not in said and "it/s" not in said and "step/s" not in said, said
    assert len(said.splitlines()) < 20, said


def _dies(task: object) -> None:
    raise MemoryError("no memory")


def test_the_evaluations_of_the_docs_measure_what_is_served(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measured, judged, asks, ends, harness, public = EVALUATIONS
    assert do(measured) == 0
    said = capsys.readouterr()
    assert "reading" in said.out
    assert said.err.startswith("asking for ")
    assert_quiet(said.err)
    here = {"http://127.0.0.1:8000": f"http://127.0.0.1:{os.environ['ATTUNE_PORT']}", "~/.attune": str(home)}
    assert do(judged, **here) == 2, capsys.readouterr().err
    assert "unparseable" in capsys.readouterr().out
    with opened(home) as database, database.read() as connection:
        assert versions.get(connection, 2).state == "rejected"

    assert do(asks) == 0
    capsys.readouterr()
    assert cli.run(["eval", "ratings", "--json"]) == 0
    [study] = json.loads(capsys.readouterr().out)
    assert study["answers"] == 40
    assert do(ends, **{"study_…": study["study"]}) == 0

    stand_in(home, key=(home / "admin.key").read_text())
    assert do(harness) == 0
    assert_quiet(capsys.readouterr().err)
    sets = home / "sets"
    write(sets, "superglue/BoolQ/val.jsonl.gz", BOOLQ)
    write(sets, "gsm8k/test.jsonl", GSM8K)
    write(sets, "bbq/Age.jsonl", BBQ)
    assert do(public, SETS=str(sets)) == 0
