"""The command line: what it prints, its exit status, and that it starts fast."""

import io
import json
import re
import subprocess
import sys
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from alignment.errors import AlignmentError
from attune import cli
from attune.expiry import parse_expiry
from ledger import completions, engines, feedback, keys, versions
from ledger.clock import utc_now
from ledger.database import Database
from ledger.records import Choice, Completion, Engine, EngineState, ModelVersion, NewFeedback

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, ledger_path: Path) -> Path:
    """A home with an empty ledger."""
    monkeypatch.chdir(ledger_path.parent)
    monkeypatch.setenv("ATTUNE_HOME", str(ledger_path.parent))
    # `align run` sets it where it is not; other tests' processes are not to inherit it.
    monkeypatch.setenv("GOMP_SPINCOUNT", "10000")
    return ledger_path.parent


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert cli.run(list(arguments)) == 0
    return capsys.readouterr().out


def test_a_key_is_shown_once_and_never_again(capsys: pytest.CaptureFixture[str]) -> None:
    made = printed(capsys, "keys", "create", "--name", "app", "--scope", "inference", "--scope", "feedback").strip()
    assert made.startswith("sk-attune-")
    listed = printed(capsys, "keys", "list", "--json")
    assert made not in listed
    [key] = json.loads(listed)
    assert (key["name"], key["owner"], key["scopes"]) == ("app", "app", ["inference", "feedback"])
    assert "secret_sha256" not in key


def test_a_key_says_what_is_kept_of_its_answers(capsys: pytest.CaptureFixture[str]) -> None:
    for more in ((), ("--keep", "metadata"), ("--keep", "nothing")):
        printed(capsys, "keys", "create", "--name", "app", "--scope", "inference", *more)
    keys_of = json.loads(printed(capsys, "keys", "list", "--json"))
    assert [key["keep"] for key in keys_of] == ["full", "metadata", "nothing"]
    table = printed(capsys, "keys", "list")
    assert all(policy in table for policy in ("full", "metadata", "nothing"))


def test_a_revoked_key_says_so_in_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("keys", "create", "--name", "app", "--scope", "inference", "--rate", "5", "--expires", "3d", "--json")
    prefix = json.loads(printed(capsys, *arguments))["prefix"]
    assert prefix in printed(capsys, "keys", "revoke", prefix)
    [key] = json.loads(printed(capsys, "keys", "list", "--json"))
    assert key["revoked_at"] is not None
    assert key["requests_per_minute"] == 5


@pytest.mark.parametrize(
    "command", [["status"], ["keys", "list"], ["versions", "list"], ["settings"], ["align", "status"]]
)
def test_every_reading_command_prints_json(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    json.loads(printed(capsys, *command, "--json"))
    assert printed(capsys, *command)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "does not answer"),
        ({"ready": True, "message": "attune@v1 is ready.", "version": "attune@v1"}, "ready: attune@v1 is ready."),
        ({"ready": False, "message": "No engine is ready.", "version": None}, "not ready: No engine is ready."),
        ({"detail": "Not Found"}, "something else answers at its address"),
    ],
)
def test_status_says_in_words_how_the_gateway_is(
    answer: object, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attune.status.ask_gateway", lambda url: answer)
    assert f"gateway   {said}\n" in printed(capsys, "status")


def test_status_tells_a_controller_without_an_engine_yet_from_none(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """While a model is fetched there is no engine to tell of."""
    assert "engine    none; `attune up` starts one" in printed(capsys, "status")
    program = "import sys, time; print('ready', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", program, "server.controller"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as controller:
        assert controller.stdout is not None and controller.stdout.readline() == b"ready\n"
        (home / "controller.lock").write_text(str(controller.pid))
        try:
            assert f"none yet; the controller, process {controller.pid}, fetches" in printed(capsys, "status")
        finally:
            controller.kill()
    assert "engine    none; `attune up` starts one" in printed(capsys, "status")


def test_align_refuses_a_resumed_run_with_another_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["align", "run", "--resume", "run_x", "--config", "align.toml"]) == 64
    assert "--resume" in capsys.readouterr().err


def test_align_does_nothing_while_there_is_too_little_new_feedback(capsys: pytest.CaptureFixture[str]) -> None:
    assert "0 new votes" in printed(capsys, "align", "run", "--if-new-feedback", "1")
    assert json.loads(printed(capsys, "align", "status", "--json"))["runs"] == []


def test_align_begins_a_run_when_there_is_enough_new_feedback(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin(*_: object) -> None:
        raise AlignmentError("the run has begun")

    monkeypatch.setattr("alignment.run.start", begin)
    give_votes(home, 2)
    assert "2 new votes since the last run, fewer than 3" in printed(capsys, "align", "run", "--if-new-feedback", "3")
    assert cli.run(["align", "run", "--if-new-feedback", "2"]) == 1
    assert "the run has begun" in capsys.readouterr().err


@pytest.mark.parametrize(("passes", "status"), [(True, 0), (False, 2)])
def test_align_ends_with_2_when_the_gate_refuses(
    passes: bool, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    candidate = ModelVersion(2, 1, "adapter", "/versions/run", "a" * 64, "candidate", utc_now())
    monkeypatch.setattr("alignment.run.start", lambda *_: candidate)
    monkeypatch.setattr("attune.align._passed", lambda *_: passes)
    assert cli.run(["align", "run"]) == status


def give_votes(home: Path, count: int) -> None:
    """Answers as many questions, and has one person like each answer."""
    database = Database.open(f"sqlite:///{home}/ledger.db")
    with database.write() as connection:
        versions.register_base(connection, path="/models/base", sha256="a" * 64)
        key, _ = keys.create(connection, name="app", owner="acme", scopes=("inference", "feedback"))
        for number in range(count):
            answer = Completion(
                id=f"chatcmpl-{number}",
                endpoint="/v1/chat/completions",
                owner="acme",
                key_id=key.id,
                user="ann",
                messages=[{"role": "user", "content": "Well?"}],
                params={},
                choices=(Choice(0, "Well."),),
                status="complete",
            )
            completions.insert(connection, answer)
            feedback.add(connection, NewFeedback(answer.id, "acme", "ann", 1))
    database.close()


def test_status_tells_the_votes_that_wait_from_all_that_were_ever_given(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    give_votes(home, 2)
    database = Database.open(f"sqlite:///{home}/ledger.db")
    with database.write() as connection:
        feedback.add(connection, NewFeedback("chatcmpl-0", "acme", "ann", 0))  # taken back
    database.close()
    assert "feedback  3 in all; 1 new votes since the last alignment run" in printed(capsys, "status")
    for command in (["status"], ["align", "status"]):
        assert json.loads(printed(capsys, *command, "--json"))["new_feedback"] == 1


class AnotherGateway(BaseHTTPRequestHandler):
    """Is ready, and knows one key."""

    def do_GET(self) -> None:
        ready = self.path == "/health/ready"
        self.send_response(200 if ready or self.headers["Authorization"] == "Bearer its own" else 401)
        self.end_headers()
        self.wfile.write(b'{"ready": true, "message": "attune@v1 is ready.", "version": "attune@v1"}')

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.mark.parametrize(("key", "ready"), [("of this home", False), ("its own", True)])
def test_the_gateway_of_another_home_is_not_called_ready(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, key: str, ready: bool
) -> None:
    (home / "admin.key").write_text(f"{key}\n")
    with HTTPServer(("127.0.0.1", 0), AnotherGateway) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("ATTUNE_PORT", str(server.server_port))
        gateway = json.loads(printed(capsys, "status", "--json"))["gateway"]
        assert gateway["ready"] is ready and ("another home's" in gateway["message"]) is not ready
        cli.run(["doctor"])
        assert ("another home's" in " ".join(capsys.readouterr().out.split())) is not ready
        server.shutdown()
        thread.join()


def test_the_help_begins_with_what_a_newcomer_needs(capsys: pytest.CaptureFixture[str]) -> None:
    listed = re.findall(r"^│ (\w+) ", printed(capsys, "--help").partition("Commands")[2], re.MULTILINE)
    assert listed[:3] == ["up", "status", "doctor"] and len(set(listed)) == len(listed) > 15


def test_align_of_a_run_that_does_not_exist_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["align", "show", "run_x"]) == 64
    assert "run_x" in capsys.readouterr().err


def test_exporting_an_empty_ledger_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "feedback", "export", "--format", "preference") == ""
    assert printed(capsys, "feedback", "export", "--format", "unpaired") == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["keys", "create", "--name", "app"],
        ["keys", "create", "--name", "app", "--scope", "everything"],
        ["keys", "create", "--name", "app", "--scope", "admin", "--expires", "soon"],
        ["keys", "create", "--name", "app", "--scope", "admin", "--rate", "0"],
        ["keys", "create", "--name", "app", "--scope", "admin", "--keep", "some"],
        ["keys", "create", "--name", "app", "--scope", "admin", "--expires", "0d"],
        ["keys", "create", "--name", "app", "--scope", "admin", "--expires", "2020-01-01"],
        ["keys", "create", "--name", "", "--scope", "admin"],
        ["keys", "create", "--name", " ", "--scope", "admin"],
        ["keys", "create", "--name", "app", "--owner", "", "--scope", "admin"],
        ["versions", "show", "newest"],
        ["feedback", "export", "--format", "csv"],
        ["up", "--model", "m", "--upstream", "http://127.0.0.1:1"],
        ["up", "--port", "many"],
    ],
)
def test_wrong_usage_ends_with_64(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(arguments) == 64
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["versions", "show", "7"], ["keys", "revoke", "nobody"]])
def test_what_is_not_there_ends_with_64_and_a_sentence(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == 64
    assert capsys.readouterr().err.startswith("attune: There is no ")


def test_a_damaged_ledger_ends_with_1_and_a_sentence(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "ledger.db").write_bytes(b"this is no database" * 1000)
    assert cli.run(["status"]) == 1
    assert capsys.readouterr().err.startswith("attune: ")


def test_the_doctor_names_what_is_wrong(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTUNE_MODEL", str(home / "nothing"))
    assert cli.run(["doctor", "--json"]) == 1
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert not checks["model"]["ok"]
    assert "nothing" in checks["model"]["found"]
    assert checks["ledger"]["ok"]
    assert checks["installation"]["ok"]


def test_an_expiry_is_a_duration_or_a_date() -> None:
    now = utc_now()
    assert (parse_expiry("90d", now) - now).days == 90
    assert parse_expiry("2999-01-31", now).isoformat() == "2999-01-31T00:00:00+00:00"


def test_help_and_wrong_usage_load_nothing_heavy() -> None:
    code = (
        "import sys; from attune import cli; cli.run(['up', '--help']); cli.run(['nonsense']);"
        "heavy = {'torch', 'vllm', 'trl', 'gradio', 'sqlalchemy', 'fastapi', 'aiohttp'} & set(sys.modules);"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_the_database_is_closed_after_a_command(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed(capsys, "status")
    assert not (home / "ledger.db-wal").exists()
    Database.open(f"sqlite:///{home}/ledger.db").close()


def test_prepare_makes_keys_once_that_open_the_ledger(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert str(home) in printed(capsys, "prepare")
    made = {name: (home / name).read_text() for name in ("admin.key", "ui.key", "ui.secret")}
    printed(capsys, "prepare")
    assert {name: (home / name).read_text() for name in made} == made
    names = {key["name"] for key in json.loads(printed(capsys, "keys", "list", "--json"))}
    assert names == {"admin", "chat-ui"}


def test_revoking_the_chats_key_asks_first_and_the_doctor_notices(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def chat() -> dict[str, object]:
        cli.run(["doctor", "--json"])
        return next(check for check in json.loads(capsys.readouterr().out) if check["name"] == "chat")

    printed(capsys, "prepare")
    prefix = str(keys.prefix_of((home / "ui.key").read_text().strip()))
    assert chat()["ok"]
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert cli.run(["keys", "revoke", prefix]) == 130
    assert "nobody can chat" in capsys.readouterr().err.replace("\n", " ")
    assert chat()["ok"]
    assert prefix in printed(capsys, "keys", "revoke", prefix, "--yes")
    assert not chat()["ok"]
    printed(capsys, "prepare")
    assert chat()["ok"]


@pytest.mark.parametrize(
    ("state", "silent_s", "status"), [("ready", 0, 0), ("ready", 60, 1), ("starting", 0, 1), (None, 0, 1)]
)
def test_a_health_check_wants_an_engine_that_is_ready_and_was_heard_of(
    home: Path, capsys: pytest.CaptureFixture[str], state: EngineState | None, silent_s: int, status: int
) -> None:
    database = Database.open(f"sqlite:///{home}/ledger.db")
    with database.write() as connection:
        version = versions.register_base(connection, path="/models/base", sha256="a" * 64)
        if state is not None:
            heard = utc_now() - timedelta(seconds=silent_s)
            engines.upsert(connection, Engine("eng", "unix:///e", version.number, state, updated_at=heard))
    database.close()
    assert cli.run(["status", "--check"]) == status
    shown = capsys.readouterr()
    assert shown.out == ""
    assert ("No engine is ready" in shown.err) == (status == 1)


def test_without_a_terminal_no_library_draws_bars() -> None:
    """TRL's bars are tqdm's, and both libraries are told by variables that they read when they are imported."""
    program = (
        "import sys; from attune import cli; sys.argv = ['attune', '--help']\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "import datasets; from tqdm.auto import tqdm; print(tqdm([]).disable, datasets.are_progress_bars_disabled())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.endswith("True True\n"), done.stderr
