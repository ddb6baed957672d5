"""`attune eval harness` with a stand-in for lm-eval; with lm-eval itself it runs in `make bench-harness`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from attune import cli
from evals.endpoint import Endpoint
from evals.errors import UnusableEndpoint, UnusableHarness
from evals.harness import folder, running, sets
from tests.evals.served import serve

STAND_IN = """#!{python}
import json, os, pathlib, sys
if sys.argv[1] == "-c":
    print("0.4.13")
    raise SystemExit
plan = json.loads(pathlib.Path(sys.argv[3]).read_text())
assert "PYTHONPATH" in os.environ and os.environ["OPENAI_API_KEY"] == "{key}"
print("chatter\\nRequesting API: 50%\\rRequesting", end="", file=sys.stderr, flush=True)
print(" API: 100%", end="", file=sys.stderr)
{more}
rows, answers = [], pathlib.Path("answers")
answers.mkdir()
for task in plan["tasks"]:
    asked = pathlib.Path("rows", task + ".jsonl").read_text().splitlines()
    (answers / (task + ".jsonl")).write_text("{{}}\\n")
    row = {{"task": task, "value": 0.25, "standard_error": 0.1, "error_by": "lm-eval", "n": len(asked)}}
    rows += [row | {{"metric": "contains"}}, row | {{"metric": "unanswered", "value": {unanswered}}}]
pathlib.Path("found.json").write_text(json.dumps({{"lm_eval": "0.4.13", "rows": rows}}))
"""


def stand_in(place: Path, more: str = "", unanswered: float = 0, key: str = "secret") -> Path:
    python = place / "lm-eval" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(STAND_IN.format(python=sys.executable, more=more, unanswered=unanswered, key=key))
    python.chmod(0o755)
    return place / "lm-eval"


def measure(place: Path, venv: Path, url: str = "http://127.0.0.1:9") -> running.Found:
    chosen = folder.limited([sets.load("facts", None)], 5)
    environment = running.environment(venv)
    return running.measure(environment, Endpoint(url, "secret"), "attune@v1", chosen, place, lambda text: None)


def test_without_lm_eval_the_two_commands_that_make_it_are_shown(
    ledger_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ATTUNE_HOME", str(ledger_path.parent))
    assert cli.run(["eval", "harness"]) == 1
    said = capsys.readouterr().err
    venv = ledger_path.parent / "lm-eval"
    assert f"python3 -m venv {venv}\n" in said
    assert f'{venv}/bin/pip install "lm-eval[api]==0.4.13"\n' in said


def test_the_command_writes_a_table_for_people_and_for_programs(
    ledger_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    home = ledger_path.parent
    monkeypatch.setenv("ATTUNE_HOME", str(home))
    stand_in(home)
    (home / "key").write_text("secret\n")
    # The stand-in asks nothing, so that only the list of models is wanted of the server.
    monkeypatch.setattr("evals.endpoint.require_models", _served)
    command = ["eval", "harness", "facts", "truths", "--version", "v2", "--url", "http://127.0.0.1:9"]
    command += ["--key-file", str(home / "key"), "--limit", "7", "--out", str(tmp_path / "out")]
    assert cli.run(command) == 0
    said = capsys.readouterr()
    assert "contains" in said.out
    assert said.err == "lm-eval: 14 prompts of 2 tasks\n", "without a terminal there is one line, and no bar"
    monkeypatch.setattr("attune.output.err", Console(stderr=True, force_terminal=True))
    assert cli.run(command) == 0
    said = capsys.readouterr()
    assert "Requesting API: 50%\rRequesting API: 100%" in said.err and "chatter" not in said.err
    found = json.loads((tmp_path / "out" / "harness.json").read_text())
    assert (found["model"], found["lm_eval"], found["limit"]) == ("attune@v2", "0.4.13", 7)
    assert found["sets"]["truths"] == {"family": "truthfulness", "files": [], "rows": 7}
    page = (tmp_path / "out" / "harness.md").read_text()
    assert "| facts | knowledge | contains | 0.250 | 0.100 | lm-eval | 7 |" in page and "| unanswered |" not in page
    assert (tmp_path / "out" / "answers" / "facts.jsonl").exists()


async def _served(endpoint: Endpoint, models: set[str]) -> None:
    assert (endpoint.url, endpoint.api_key, models) == ("http://127.0.0.1:9", "secret", {"attune@v2"})


def test_a_version_that_is_not_served_is_named_before_anything_is_asked(
    ledger_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("ATTUNE_HOME", str(ledger_path.parent))
    stand_in(ledger_path.parent)
    with serve(tmp_path, {"attune@v1": lambda messages: "x"}) as served:
        assert cli.run(["eval", "harness", "facts", "--version", "v3", "--url", served.url]) == 1
    assert "does not serve attune@v3" in capsys.readouterr().err


def test_when_lm_eval_fails_its_last_lines_are_shown(tmp_path: Path) -> None:
    with pytest.raises(UnusableHarness, match=r"status 3: (?s:.*)it broke"):
        measure(tmp_path, stand_in(tmp_path, more="print('\\nit broke', file=sys.stderr); sys.exit(3)"))


def test_when_every_prompt_was_refused_there_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(UnusableHarness, match="refused every prompt"):
        measure(tmp_path, stand_in(tmp_path, unanswered=1))


def test_lm_eval_cannot_ask_a_unix_socket(tmp_path: Path) -> None:
    with pytest.raises(UnusableEndpoint, match="over HTTP"):
        measure(tmp_path, stand_in(tmp_path), "unix:///engine.sock")


def test_a_limit_takes_whole_groups_and_always_the_same() -> None:
    rows = sets.load("robustness", None).rows
    taken = folder.some(rows, 17)
    assert len(taken) == 15 and len({row.group for row in taken}) == 3
    assert folder.some(rows, 17) == taken != rows[:15]
    assert len(folder.some(rows, 1)) == 5
    assert folder.some(rows, None) == rows


def test_the_folder_runs_without_any_other_file_of_ours(tmp_path: Path) -> None:
    """As in lm-eval's environment: the scorers are imported by a Python that sees the standard library alone."""
    folder.write(tmp_path, [sets.load("facts", None)])
    row = json.loads((tmp_path / "rows" / "facts.jsonl").read_text().splitlines()[0])
    assert json.loads(row["messages"]) == [{"role": "user", "content": "Plural of foot?"}]
    code = (
        "import sys, json; sys.path.insert(0, sys.argv[1]);"
        "from evals.harness.scoring import words, options, instructions, figures;"
        "print(words.contains(json.loads(sys.argv[2]), ['Feet.']), words.__file__)"
    )
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(tmp_path), json.dumps(row)], capture_output=True, text=True
    )
    assert ran.stderr == "" and "{'contains': 1.0, 'unanswered': 0.0}" in ran.stdout and str(tmp_path) in ran.stdout
