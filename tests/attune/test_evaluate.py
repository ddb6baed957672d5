"""`attune eval`: verdicts on versions that are served, stored once; and the gate at the end of `attune align run`."""

import json
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from alignment.errors import StageFailed
from alignment.preferences import Message
from alignment.snapshot.split import use_of
from attune import align, cli, gate, people
from attune.opponents import Opponents
from evals.chat import Message as ChatMessage
from evals.chat import Prompt, Reply, asked
from evals.comparison import Answers
from evals.integrity import Integrity
from evals.tasks import shipped as shipped_tasks
from evals.thresholds import load as load_thresholds
from ledger import audit, ratings, runs, versions
from ledger.clock import utc_now
from ledger.database import Database
from ledger.records import ModelVersion
from ledger.schema import model_versions
from server.controller.errors import NoRoom
from tests.evals.few_items import few_items
from tests.evals.model_files import WEIGHTS, write_adapter, write_model
from tests.evals.replies import pair
from tests.evals.served import Served, serve
from tests.random_adapter import write_random_adapters
from tests.random_model import write_random_model

WHOLE = Integrity(checks=4, faults=())

LENIENT = """
[knowledge]
low_least = -0.5
min_items = 10
reason = "a test"
[length]
high_most = 3.0
min_items = 10
reason = "a test"
[repetition]
high_most = 0.5
min_items = 10
reason = "a test"
[favoured_words]
high_most = 0
min_items = 10
reason = "a test"
[unanswered]
high_most = 0.1
min_items = 10
reason = "a test"
[win_rate]
low_above = 0.5
min_items = 10
reason = "a test"
[unparseable]
high_most = 0.2
min_items = 10
reason = "a test"
[integrity]
high_most = 0
min_items = 1
reason = "a test"
"""


def parent(messages: list[dict[str, str]]) -> str:
    return "fair enough"


def better(messages: list[dict[str, str]]) -> str:
    return "enough fair"


def judge(messages: list[dict[str, str]]) -> str:
    if "What are your ratings?" in messages[-1]["content"]:
        return f"[[fluency: {5 if 'enough fair' in messages[-1]['content'] else 3}]] [[coherence: 4]] [[relevance: 2]]"
    first, second = (messages[-1]["content"].split(f"<answer {name}>\n")[1].split("\n")[0] for name in "AB")
    return "[[C]]" if first == second else "[[A]]" if first == "enough fair" else "[[B]]"


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, ledger_path: Path) -> Path:
    monkeypatch.chdir(ledger_path.parent)
    monkeypatch.setenv("ATTUNE_HOME", str(ledger_path.parent))
    return ledger_path.parent


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    few_items(monkeypatch, "facts")


@pytest.fixture
def database(home: Path) -> Iterator[Database]:
    """A base v1 and a candidate v2 that grew from it."""
    opened = Database.open(f"sqlite:///{home}/ledger.db")
    base = write_model(home / "base")
    adapter = write_adapter(home / "versions" / "run_x", base)
    with opened.write() as connection:
        versions.register_base(connection, path=str(base), sha256="b")
        run = runs.create(connection, stage="done", config={})
        row = {"number": 2, "parent_number": 1, "form": "adapter", "path": str(adapter), "sha256": "a"}
        values = row | {"state": "candidate", "run_id": run.id, "created_at": utc_now()}
        connection.execute(insert(model_versions).values(**values))
    yield opened
    opened.close()


@pytest.fixture
def thresholds(home: Path) -> str:
    path = home / "lenient.toml"
    path.write_text(LENIENT)
    return str(path)


@pytest.fixture
def served() -> Iterator[Served]:
    with (
        tempfile.TemporaryDirectory(prefix="attune-") as folder,
        serve(Path(folder), {"attune@v1": parent, "attune@v2": better, "judge": judge}) as running,
    ):
        yield running


def state(database: Database) -> str:
    with database.read() as connection:
        return versions.get(connection, 2).state


def compare(served: Served, thresholds: str, *more: str) -> int:
    arguments = ["v1", "v2", "--url", served.url, "--judge", "judge", "--thresholds", thresholds, *more]
    return cli.run(["eval", "compare", *arguments])


def test_a_better_candidate_passes_and_its_verdict_stands(
    database: Database, served: Served, thresholds: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(served, thresholds, "--record", "--out", str(home / "report")) == 0
    assert "attune@v2 passes" in capsys.readouterr().out
    assert state(database) == "passed"
    assert {path.name for path in (home / "report").iterdir()} == {
        "report.md",
        "report.html",
        "verdict.json",
        "answers.json",
    }
    assert cli.run(["versions", "show", "v2"]) == 0
    shown = capsys.readouterr().out
    assert "verdict of the gate" in shown and "win_rate" in shown and "report.html" in shown
    assert cli.run(["versions", "show", "v2", "--report"]) == 0
    assert capsys.readouterr().out.startswith("# attune@v2 against attune@v1: passed")
    (home / "report" / "report.md").unlink()
    assert cli.run(["versions", "show", "v2", "--report"]) == 1
    assert "cannot be read" in capsys.readouterr().err
    assert compare(served, thresholds, "--record") == 64
    assert "attune@v2 is passed" in capsys.readouterr().err
    assert cli.run(["eval", "override", "v2", "--reason", "why not"]) == 1
    assert cli.run(["eval", "rank", "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == ["attune@v2", "attune@v1"]


def test_an_identical_candidate_is_refused_with_2_and_overridden_with_a_reason(
    database: Database, served: Served, thresholds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    served.models = {**served.models, "attune@v2": parent}
    assert compare(served, thresholds, "--record") == 2
    assert "attune@v2 is refused for win_rate" in capsys.readouterr().out
    assert state(database) == "rejected"
    assert cli.run(["eval", "override", "v2", "--reason", "the judge was blind"]) == 0
    assert state(database) == "passed"
    with database.read() as connection:
        assert audit.latest(connection)[0].reason == "the judge was blind"
        report = versions.get(connection, 2).gate_report
    assert report is not None and report["passed"] is False and report["preference"]["tied"] == 40


def test_without_a_record_nothing_is_stored(
    database: Database, served: Served, thresholds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(served, thresholds, "--json") == 0
    assert json.loads(capsys.readouterr().out)["passed"] is True
    assert state(database) == "candidate"


def test_damaged_weights_are_refused_although_the_answers_are_good(
    database: Database, served: Served, thresholds: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = home / "versions" / "run_x" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert (home / "base" / WEIGHTS).is_file()
    assert compare(served, thresholds) == 2
    assert "refused for integrity" in capsys.readouterr().out


def test_tasks_are_measured_with_n_and_standard_error(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["eval", "run", "facts", "--version", "v1", "--url", served.url, "--json"]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert (row["task"], row["mean"], row["n"], row["standard_error"], row["unanswered"]) == ("facts", 0, 40, 0, 0)
    assert cli.run(["eval", "run", "--version", "v1", "--url", served.url]) == 0
    assert "knowledge" in capsys.readouterr().out


def test_a_judge_rates_the_answers_of_a_served_model(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["eval", "run", "facts", "--version", "v1", "--url", served.url, "--judge", "judge"]
    assert cli.run([*arguments, "--json"]) == 0
    _, fluency, coherence, relevance = json.loads(capsys.readouterr().out)
    assert [row["mean"] for row in (fluency, coherence, relevance)] == [3, 4, 2]
    assert (fluency["family"], fluency["low"], fluency["high"], fluency["n"]) == ("rubric", 3, 3, 40)
    assert (fluency["unanswered"], fluency["unparseable"]) == (0, 0)
    assert cli.run(arguments) == 0
    assert "1 to 5 by judge" in capsys.readouterr().out


def test_the_report_of_a_comparison_holds_the_ratings_of_both(
    database: Database, served: Served, thresholds: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(served, thresholds, "--rubric", "--out", str(home / "report")) == 0
    text = (home / "report" / "report.md").read_text()
    [row] = [line for line in text.splitlines() if line.startswith("| fluency |")]
    assert row.split(" | ")[1:] == [
        "5.000 (5.000 to 5.000, n = 40)",
        "3.000 (3.000 to 3.000, n = 40)",
        "2.000 (2.000 to 2.000, n = 40) |",
    ]
    assert "<td>fluency<td>5.000" in (home / "report" / "report.html").read_text()
    kept = json.loads((home / "report" / "answers.json").read_text())["ratings"]
    assert [len(found["rows"]) for found in kept] == [40, 40]


def test_people_rate_the_answers_of_two_versions(
    database: Database, served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two of three people find version 2 more fluent; nobody rates the last answer."""
    arguments = ["eval", "ask-people", "v1", "v2", "--url", served.url, "--count", "10", "--json"]
    assert cli.run(["eval", "ratings"]) == 0
    assert "There is no study" in capsys.readouterr().out
    assert cli.run(arguments) == 0
    asked_for = json.loads(capsys.readouterr().out)
    assert asked_for["answers"] == 20
    for user in ("ann", "bob", "cem"):
        for _ in range(19):
            with database.write() as connection:
                item = ratings.next_item(connection, "acme", user)
                assert item is not None
                fluency = 5 if item.answer == "enough fair" and user != "cem" else 2
                values = {"fluency": fluency, "coherence": 4, "relevance": 3}
                ratings.rate(connection, item.id, "acme", user, values)
    assert cli.run(["eval", "ratings", "--json"]) == 0
    [found] = json.loads(capsys.readouterr().out)
    assert (found["answers"], found["rated"], found["ratings"], found["raters"]) == (20, 19, 57, 3)
    fluency = found["aspects"]["fluency"]
    assert (fluency["v1"]["value"], fluency["v2"]["value"]) == (2, 4)
    assert (fluency["v2 less v1"]["value"], fluency["v2 less v1"]["n"]) == (2, 9)
    assert 0 < fluency["alpha"]["value"] < 0.6 and fluency["alpha"]["n"] == 19
    assert cli.run(["eval", "ratings"]) == 0
    assert "57 ratings by 3 people" in capsys.readouterr().out
    assert cli.run(["eval", "end-study", found["study"]]) == 0
    assert cli.run(["eval", "end-study", found["study"]]) == 64
    assert "no study" in capsys.readouterr().err


def test_of_several_turns_people_rate_the_last_answer_in_its_own_conversation() -> None:
    prompts = [Prompt(asked(f"poem {number}"), ("shorter",)) for number in range(2)]
    ours = [Reply(prompt, ("a long one", "short")) for prompt in prompts]
    theirs = [Reply(prompts[0], ("an ode", "ode")), None]
    found = people._items([1, 2], [ours, theirs])
    assert [(row.prompt_place, row.version_number, row.answer) for row in found] == [(0, 1, "short"), (0, 2, "ode")]
    assert [message["content"] for message in found[1].prompt] == ["poem 0", "an ode", "shorter"]


def test_a_version_that_is_not_served_ends_with_1_and_a_sentence(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["eval", "run", "--version", "v7", "--url", served.url]) == 1
    assert "does not serve attune@v7" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["compare", "v1", "v2", "--judge", "m"],
        ["compare", "v1", "v2", "--judge", "m", "--url", "unix:///s", "--reward-model", "r"],
        ["compare", "v1", "v2", "--rubric"],
        ["compare", "v1", "newest"],
        ["ask-people", "v1", "v1"],
        ["compare", "v1", "v1"],
        ["compare", "v2", "v1", "--record"],
        ["override", "v2"],
        ["run", "--url", "unix:///s", "--key-file", "nothing"],
    ],
)
def test_wrong_usage_of_eval_ends_with_64(
    arguments: list[str], database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["eval", *arguments]) == 64
    assert "Traceback" not in capsys.readouterr().err


def test_the_gate_asks_no_held_out_prompt_that_chose_a_checkpoint() -> None:
    held = [Prompt((ChatMessage(role="user", content=f"question {row}"),)) for row in range(60)]
    shipped = shipped_tasks.open_prompts()
    asked = align._of_the_gate((*held, *shipped))
    own = [prompt.chat[0].content for prompt in asked if prompt in held]
    assert asked[-len(shipped) :] == shipped and 10 < len(own) < 30
    assert own == [text for text in own if use_of([Message(role="user", content=text)]) == "gate"]


def test_an_alignment_run_ends_with_a_verdict_that_is_kept(
    database: Database,
    served: Served,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without a reward model nobody judges, and the gate refuses for that alone, the lack of tasks aside."""

    @asynccontextmanager
    async def engines(
        home: Path, base: object, of: Sequence[ModelVersion], say: Callable[[str], None]
    ) -> AsyncIterator[dict[str, str]]:
        yield {version.name: served.url for version in of}

    monkeypatch.setattr("attune.trial_engine.trial_engines", engines)
    with database.read() as connection:
        version = versions.get(connection, 2)
    align._judge(database, home, version)
    assert not align._passed(database, version)
    assert "win_rate" in capsys.readouterr().out
    assert state(database) == "rejected"
    with database.read() as connection:
        assert not align._passed(database, versions.get(connection, 2))
    assert "was judged before" in capsys.readouterr().out


def test_a_gate_that_cannot_compare_says_how_to_try_again(
    database: Database, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> None:
        raise NoRoom("No room for two engines.")

    monkeypatch.setattr("attune.gate.compare", no_room)
    with database.read() as connection:
        version = versions.get(connection, 2)
    with pytest.raises(StageFailed, match=f"No room for two engines. `attune align run --resume {version.run_id}`"):
        align._judge(database, home, version)


def test_a_candidate_whose_files_are_not_whole_is_refused_before_an_engine_is_started(
    database: Database, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("attune.trial_engine.trial_engines", None)
    weights = home / "versions" / "run_x" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert cli.run(["eval", "compare", "v1", "v2", "--record"]) == 2
    assert state(database) == "rejected"
    assert cli.run(["versions", "show", "v2"]) == 0
    shown = capsys.readouterr().out
    assert "integrity" in shown and "1.000 (1.000 to 1.000" in shown


def test_a_version_without_a_verdict_has_no_report(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["versions", "show", "v2", "--report"]) == 1
    assert "attune@v2 has no verdict" in capsys.readouterr().err


def test_a_reward_model_is_named_with_what_was_measured_of_it(tmp_path: Path) -> None:
    assert gate._described(tmp_path / "model") == f"reward model {tmp_path}/model"
    found = {"value": 0.7, "low": 0.6, "high": 0.8, "n": 90, "method": "m"}
    missing = {"value": None, "low": None, "high": None, "n": 0, "method": "m"}
    (tmp_path / "report.json").write_text(json.dumps({"heldout": {"accuracy": missing, "auroc": found}}))
    assert gate._described(tmp_path / "model").endswith("(on held-out feedback: auroc 0.700 (0.600 to 0.800, n = 90))")


def plan_of(base: Path, adapter: Path, folder: Path, *, one_base: bool = True) -> gate.Plan:
    """Of an adapter against its base."""
    parent = ModelVersion(1, None, "base", str(base), "b", "live", utc_now())
    candidate = ModelVersion(2, 1, "adapter", str(adapter), "a", "candidate", utc_now())
    asks = load_thresholds()
    return gate.Plan(Opponents(candidate, parent, parent, one_base), None, None, None, (), asks, folder)


def test_the_divergence_is_measured_from_the_files_on_the_answers_that_there_are(tmp_path: Path) -> None:
    base = write_random_model(tmp_path / "base")
    [adapter] = write_random_adapters(base, tmp_path, 1)
    pairs = [pair("Hello!", "hello", None), pair("Hello!", None, "hello")]
    found, trouble = gate._drifts(plan_of(base, adapter, tmp_path), pairs)
    assert trouble is None and found is not None
    assert len(found) == 1 and found[0].nats > 0


def test_a_divergence_that_cannot_be_measured_is_missing_and_says_why(tmp_path: Path) -> None:
    base = write_model(tmp_path / "base")
    plan = plan_of(base, write_adapter(tmp_path / "adapter", base), tmp_path)
    pairs = [pair("Hello!", "hello", "hello")]
    found, trouble = gate._drifts(plan, pairs)
    assert found is None and trouble is not None and str(base) in trouble
    found, trouble = gate._drifts(replace(plan, opponents=replace(plan.opponents, one_base=False)), pairs)
    assert found is None and trouble is not None and "different models" in trouble
    concluded = gate._conclude(plan, gate._Asked(Answers((), (), (), tuple(pairs)), None), WHOLE, "by a test", 0.0)
    [line] = [line for line in concluded.verdict.criteria if line.name == "kl"]
    assert line.why == "the figure is missing" and str(base) in line.notes[0]


def test_the_looks_of_a_run_are_found(database: Database) -> None:
    with database.write() as connection:
        version = versions.get(connection, 2)
        look = {"rollout": 0, "kl": 0.5, "score": 0.1}
        runs.record(connection, str(version.run_id), "ppo", {"report": {"looks": [look]}}, 0.0)
        runs.record(connection, str(version.run_id), "snapshot", {"rows": 3}, 0.0)
    assert gate.looks_of(database, version) == ((0.5, 0.1),)
    with database.read() as connection:
        assert gate.looks_of(database, versions.get(connection, 1)) == ()
