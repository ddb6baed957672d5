"""The job from feedback to candidate: stages done once, refused inputs, one run at a time, nothing half-made."""

import json
import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alignment import manifest, probe, run
from alignment.config import load, parse
from alignment.errors import (
    AlreadyRunning,
    DamagedArtefact,
    DiskFull,
    InputChanged,
    StageFailed,
    UnusableFeedback,
    UnusableModel,
    WrongConfig,
)
from alignment.learners import Learners, Task
from alignment.recorded_run import Job
from ledger import erase, feedback, runs, snapshots, versions
from ledger.clock import utc_now
from ledger.database import Database
from ledger.errors import Erased
from ledger.records import ModelVersion, NewFeedback
from ledger.retention import steps
from ledger.retention.rules import RetentionRules
from ledger.retention.run_files import Pruned
from ledger.retention.steps import Plan
from tests.alignment.job_ground import fake_learners, fake_policy, give_feedback, job, write_adapter
from tests.random_model import write_random_model

SMALL = {"minimum": {"kto_thumbs": 8, "per_label": 4, "ppo_thumbs": 30}, "snapshot": {"heldout_share": 0.3}}
CONFIG = parse(SMALL, "test")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def model(tiny: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny, tmp_path / "model"))


@pytest.fixture
def rated(database: Database, model: Path, home: Path) -> Database:
    give_feedback(database, model, home)
    return database


def numbers(database: Database) -> list[int]:
    with database.read() as connection:
        return [version.number for version in versions.list_all(connection)]


def last(database: Database) -> Any:
    with database.read() as connection:
        return runs.latest(connection)[0]


def test_feedback_becomes_a_candidate_with_its_lineage(rated: Database, home: Path, model: Path) -> None:
    version = run.start(job(rated, home), CONFIG)
    assert (version.number, version.parent_number, version.form, version.state) == (2, 1, "adapter", "candidate")
    found = last(rated)
    assert found.done and version.run_id == found.id
    assert list(found.metrics) == ["snapshot", "choice", "reward-model", "ppo"]
    assert found.energy_joules > 0
    folder = Path(version.path)
    assert manifest.verify(folder).sha256 == version.sha256
    facts = manifest.read(folder).facts
    assert facts["snapshot"] == found.snapshot_id and facts["parent"]["version"] == 1
    assert not list((home / "runs").rglob("checkpoint-*"))
    card = (folder / "README.md").read_text()
    assert card.startswith("---\nbase_model: model\n") and "0.7 (95 % 0.6 to 0.8, n = 100)" in card
    assert version.probe is not None
    stored = probe.Probe.model_validate(version.probe)
    assert probe.largest_difference(stored, probe.compute(model, folder)) == 0
    assert probe.largest_difference(stored, probe.compute(model, None)) > 1e-3


def test_votes_count_as_new_only_until_a_run_has_seen_them(rated: Database, home: Path) -> None:
    assert run.new_feedback(rated) == 60
    run.start(job(rated, home), CONFIG)
    assert run.new_feedback(rated) == 0
    with rated.write() as connection:
        feedback.add(connection, NewFeedback("chatcmpl-0000", "acme", "rater0", 1))
    assert run.new_feedback(rated) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_child_of_an_adapter_starts_from_it_and_the_base(rated: Database, home: Path) -> None:
    first = run.start(job(rated, home), CONFIG)
    seen: list[Task] = []

    def policy(task: Task) -> Any:
        seen.append(task)
        return fake_policy(task)

    fewer = {**SMALL, "parent": "v2", "seed": 5, "snapshot": {"heldout_share": 0.2}}
    second = run.start(job(rated, home, replace(fake_learners(), ppo=policy)), parse(fewer, "test"))
    with rated.read() as connection:
        made = [snapshots.get(connection, one.snapshot_id) for one in runs.latest(connection)]
    # What a version was measured on is not learned from later.
    assert [one.filters["heldout_share"] for one in made] == [0.3, 0.3]
    assert (second.number, second.parent_number) == (3, 2)
    assert seen[0].origin.parent_adapter == Path(first.path)
    assert seen[0].origin.base.number == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_interrupted_run_says_how_to_go_on_and_its_folders_are_closed(rated: Database, home: Path) -> None:
    said: list[str] = []

    def interrupted(task: Task) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.start(Job(rated, home, replace(fake_learners(), ppo=interrupted), said.append), CONFIG)
    started = last(rated)
    assert said[-1] == f"interrupted; go on with `attune align run --resume {started.id}`"
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (home / "runs", home / "runs" / started.id)} == {0o700}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_failed_stage_is_gone_on_with_and_done_ones_are_not_repeated(rated: Database, home: Path) -> None:
    made: list[str] = []

    def broken(task: Task) -> Any:
        made.append("ppo")
        raise RuntimeError("out of memory")

    def judge(task: Task) -> Any:
        made.append("reward-model")
        return fake_learners().reward_model(task)

    with pytest.raises(StageFailed, match="out of memory"):
        run.start(job(rated, home, Learners(judge, broken, fake_learners().preference)), CONFIG)
    failed = last(rated)
    assert failed.error is not None and "RuntimeError" in (home / "runs" / failed.id / "traceback.txt").read_text()
    assert numbers(rated) == [1]
    run.resume(job(rated, home, replace(fake_learners(), reward_model=judge)), failed.id)
    assert made == ["reward-model", "ppo"]
    assert last(rated).done and numbers(rated) == [1, 2]
    assert run.resume(job(rated, home), failed.id).number == 2


def damage_snapshot(folder: Path) -> None:
    (folder / "snapshot" / "thumbs.train.jsonl").write_text("")


def damage_inputs(folder: Path) -> None:
    path = folder / "reward-model.inputs.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "snapshot": "0" * 64}))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("damage", "error", "says"),
    [(damage_snapshot, DamagedArtefact, "thumbs.train.jsonl"), (damage_inputs, InputChanged, "snapshot")],
)
def test_a_resumed_run_refuses_inputs_that_were_changed(
    damage: Callable[[Path], None], error: type[Exception], says: str, rated: Database, home: Path
) -> None:
    def broken(task: Task) -> Any:
        raise RuntimeError("killed")

    with pytest.raises(StageFailed):
        run.start(job(rated, home, replace(fake_learners(), reward_model=broken)), CONFIG)
    damage(home / "runs" / last(rated).id)
    with pytest.raises(error, match=says):
        run.resume(job(rated, home), last(rated).id)
    assert numbers(rated) == [1]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_base_model_that_was_exchanged_is_refused(rated: Database, home: Path, model: Path) -> None:
    (model / "generation_config.json").write_text("{}")
    with pytest.raises(InputChanged, match="was registered with"):
        run.start(job(rated, home), CONFIG)


def test_a_second_run_is_refused_and_names_the_first(rated: Database, home: Path, database_url: str) -> None:
    second = Database.open(database_url, migrate=False)
    refused: list[str] = []

    def judge(task: Task) -> Any:
        assert run.running(second)
        with pytest.raises(AlreadyRunning) as caught:
            run.start(job(second, home), CONFIG)
        refused.append(str(caught.value))
        return fake_learners().reward_model(task)

    run.start(job(rated, home, replace(fake_learners(), reward_model=judge)), CONFIG)
    assert last(rated).id in refused[0] and "reward-model" in refused[0]
    assert not run.running(second)
    second.close()


def spoilt(task: Task) -> Any:
    write_adapter(task.out / "adapter", 1, value=float("nan"))
    return {}


def of_another_base(task: Task) -> Any:
    write_adapter(task.out / "adapter", 1, hidden=64)
    return {}


def torn(task: Task) -> Any:
    write_adapter(task.out / "adapter", 1)
    weights = task.out / "adapter" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    return {}


def absent(task: Task) -> Any:
    return {}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("policy", "error", "says"),
    [
        (spoilt, UnusableModel, "NaN"),
        (of_another_base, UnusableModel, "another base"),
        (torn, DamagedArtefact, "cannot be read"),
        (absent, DamagedArtefact, "is missing"),
    ],
)
def test_an_adapter_that_cannot_be_served_is_not_registered(
    policy: Callable[[Task], Any], error: type[Exception], says: str, rated: Database, home: Path
) -> None:
    with pytest.raises(error, match=says):
        run.start(job(rated, home, replace(fake_learners(), ppo=policy)), CONFIG)
    assert numbers(rated) == [1]
    assert [path.name for path in (home / "versions").iterdir() if not path.name.startswith(".")] == []
    assert last(rated).error is not None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_is_said_and_what_was_finished_stays(rated: Database, home: Path, monkeypatch: Any) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    def judge(task: Task) -> Any:
        monkeypatch.setattr("alignment.manifest.write_durably", full)
        return fake_learners().reward_model(task)

    with pytest.raises(DiskFull, match="no room left"):
        run.start(job(rated, home, replace(fake_learners(), reward_model=judge)), CONFIG)
    monkeypatch.undo()
    folder = home / "runs" / last(rated).id
    assert manifest.verify(folder / "snapshot") and not manifest.is_whole(folder / "reward-model")
    assert run.resume(job(rated, home), last(rated).id).number == 2


def test_feedback_erased_during_a_run_is_not_learned_from(rated: Database, home: Path) -> None:
    def judge(task: Task) -> Any:
        with rated.write() as connection:
            erase.erase_completion(connection, "chatcmpl-0001")
        return fake_learners().reward_model(task)

    with pytest.raises(Erased):
        run.start(job(rated, home, replace(fake_learners(), reward_model=judge)), CONFIG)
    assert numbers(rated) == [1] and not (home / "versions").exists()
    snapshot = home / "runs" / last(rated).id / "snapshot"
    left = {path.name for path in snapshot.parent.rglob("*") if path.is_file()}
    assert left <= {"config.json", "metrics.jsonl"}, "what people wrote goes with the run that it ended"
    assert "was erased" in last(rated).error
    run.start(job(rated, home), CONFIG)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_run_whose_files_were_pruned_is_not_gone_on_with(rated: Database, home: Path) -> None:
    def broken(task: Task) -> Any:
        raise RuntimeError("killed")

    with pytest.raises(StageFailed):
        run.start(job(rated, home, replace(fake_learners(), ppo=broken)), CONFIG)
    failed = home / "runs" / last(rated).id
    found = steps.run(rated, Plan(RetentionRules(runs_days=30), home, utc_now() + timedelta(days=31)))
    assert found["runs"].count > 0 and not (failed / "snapshot" / "thumbs.train.jsonl").exists()
    with pytest.raises(Pruned, match=r"Start a new run\.$"):
        run.resume(job(rated, home), failed.name)
    run.start(job(rated, home), CONFIG)
    assert (failed / "snapshot" / "prompts.heldout.jsonl").exists(), "an erasing finds reports by them"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_poor_feedback_is_refused_with_a_sentence(database: Database, model: Path, home: Path) -> None:
    with pytest.raises(UnusableModel, match="No version is live"):
        run.start(job(database, home), CONFIG)
    give_feedback(database, model, home, votes=0)
    with pytest.raises(UnusableFeedback, match="no feedback to learn from"):
        run.start(job(database, home), CONFIG)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_one_rater_is_too_few_unless_asked_for(database: Database, model: Path, home: Path) -> None:
    give_feedback(database, model, home, raters=1)
    with pytest.raises(UnusableFeedback, match="from 1 rater"):
        run.start(job(database, home), CONFIG)
    alone = parse({**SMALL, "minimum": {**SMALL["minimum"], "raters": 1}}, "test")
    assert run.start(job(database, home), alone).number == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_answers_of_another_base_model_are_left_out(rated: Database, home: Path, tmp_path: Path, model: Path) -> None:
    other = Path(shutil.copytree(model, tmp_path / "other"))
    (other / "generation_config.json").write_text("{}")
    with pytest.raises(UnusableFeedback, match="no feedback to learn from"):
        run.start(job(rated, home), CONFIG.model_copy(update={"base_model": other}))
    assert last(rated).metrics["snapshot"]["report"]["counts"]["dropped"] == {"other_base_model": 60}


def test_a_run_goes_on_until_its_candidate_is_judged(rated: Database, home: Path) -> None:
    def seen() -> tuple[str, str]:
        with rated.read() as connection:
            found = runs.latest(connection)
        return found[0].stage, runs.states(found, run.running(rated))[found[0].id]

    states: list[tuple[str, str]] = []

    def break_off(version: ModelVersion) -> None:
        states.append(seen())
        raise StageFailed("The gate could not judge it.")

    with pytest.raises(StageFailed):
        run.start(replace(job(rated, home), judge=break_off), CONFIG)
    assert [*states, seen()] == [("gate", "running"), ("gate", "failed")]
    assert run.new_feedback(rated) == 0, "it has learned, and is not to learn the same again"
    judged: list[int] = []
    run.resume(replace(job(rated, home), judge=lambda version: judged.append(version.number)), last(rated).id)
    assert (judged, seen()) == ([2], ("done", "done"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_run_whose_file_is_missing_is_not_begun(database: Database, home: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongConfig, match=r"nothing\.jsonl cannot be read: No such file"):
        run.start(job(database, home), load(None, from_file=tmp_path / "nothing.jsonl"))
    with database.read() as connection:
        assert runs.latest(connection) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_of_preferences_is_enough_to_start(database: Database, home: Path, model: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    lines = [{"prompt": f"q{i}", "chosen": f"good {i}", "rejected": f"bad {i}"} for i in range(100)]
    rows.write_text("".join(json.dumps(line) + "\n" for line in lines))
    config = load(None, from_file=rows).model_copy(update={"base_model": model})
    version = run.start(job(database, home), config)
    assert version.number == 2 and last(database).metrics["choice"]["algorithm"] == "dpo"
    assert run.new_feedback(database) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_rows_that_would_break_a_stage_are_said_and_counted_before_anything_is_learned(
    database: Database, home: Path, model: Path, tmp_path: Path
) -> None:
    template = model / "chat_template.jinja"
    refuse = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('No system, please') }}{% endif %}"
    template.write_text(refuse + template.read_text())
    lines: list[dict[str, Any]] = [
        {"prompt": f"q{i}", "chosen": f"good {i}", "rejected": f"bad {i}"} for i in range(100)
    ]
    lines[3]["chosen"] = "half \ud800"
    lines[7]["prompt"] = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "q7"}]
    rows, said = tmp_path / "rows.jsonl", list[str]()
    rows.write_text("".join(json.dumps(line) + "\n" for line in lines))
    config = load(None, from_file=rows).model_copy(update={"base_model": model})
    run.start(Job(database, home, fake_learners(), said.append), config)
    dropped = last(database).metrics["snapshot"]["report"]["counts"]["dropped"]
    assert dropped == {"lone_surrogate": 1, "template_refuses_roles": 1}
    begun = next(index for index, line in enumerate(said) if line.startswith("reward-model"))
    told = " ".join(said[:begun])
    assert "dropped as lone_surrogate: line 4" in told and "refuses the roles system, user: No system, please" in told


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("algorithm", ["ppo", "kto", "sft"])
def test_every_algorithm_leaves_a_reward_model_for_the_gate(algorithm: str, rated: Database, home: Path) -> None:
    minimum = {**SMALL["minimum"], "sft_answers": 8}
    run.start(job(rated, home), parse({**SMALL, "algorithm": algorithm, "minimum": minimum}, "test"))
    found = last(rated)
    assert list(found.metrics) == ["snapshot", "choice", "reward-model", algorithm]
    assert (home / "runs" / found.id / "reward-model" / "model").is_dir()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_liked_answers_alone_are_imitated_and_leave_nobody_to_judge_by(
    database: Database, home: Path, model: Path, tmp_path: Path
) -> None:
    rows, said = tmp_path / "rows.jsonl", list[str]()
    lines = [{"prompt": f"q{i}", "completion": f"good {i}", "label": True} for i in range(100)]
    rows.write_text("".join(json.dumps(line) + "\n" for line in lines))
    config = load(None, from_file=rows).model_copy(update={"base_model": model, "algorithm": "sft"})
    run.start(Job(database, home, fake_learners(), said.append), config)
    assert list(last(database).metrics) == ["snapshot", "choice", "sft"]
    assert any("nobody to judge by" in line for line in said)


def test_a_configuration_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "align.toml"
    path.write_text("[snapshot]\nheldout = 0.1\n")
    with pytest.raises(WrongConfig, match=r"snapshot\.heldout"):
        load(path)
    path.write_text('algorithm = "dpo"\nfrom_file = "rows.jsonl"\n[ppo]\nrollouts = 3\n')
    config = load(path)
    assert (config.algorithm, config.ppo.rollouts) == ("dpo", 3)
    assert config.from_file == tmp_path / "rows.jsonl"
    assert parse(config.model_dump(mode="json"), "saved") == config
