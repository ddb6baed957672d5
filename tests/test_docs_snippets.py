"""Every command and program that the docs show is run here, or it stands below with the reason why not."""

import asyncio
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer

from alignment import manifest
from attune import cli
from evals.gate import Verdict
from ledger import conversations, engines, feedback, keys, runs, versions
from ledger.database import Database
from ledger.group_commit import GroupCommit
from ledger.records import Engine, FeedbackFilter, NewFeedback
from ledger.settings import LedgerSettings
from server.controller.settings import STARTER
from tests import snippets
from tests import test_docs_jobs as jobs
from tests.attune import test_up
from tests.deploy import test_compose, test_systemd
from tests.ledger import test_old_ledgers
from tests.models import test_recipe
from tests.processes import ROOT, FakeEngineProcess, GatewayProcess

_MODEL = "needs that model; tests/controller/test_model.py reads the hub's layout"
_HOURS = "takes hours, or a quiet machine; tests/benchmarks and tests/models run its parts in short"
_MINUTES = "needs a quarter of an hour or more; tests/simulate plays its steps and runs its chats through a gateway"
_INSTALLS = "installs another program from the index"
_CONTAINERS = "needs a container engine; tests/deploy checks the files that it names"
_CLUSTER = "needs a cluster; tests/deploy checks the files that it names"

# How a line begins: why no test runs it.
NOT_RUN = {
    "make up ARGS": _MODEL,
    "make test": "this is it",
    "make demo": _MINUTES,
    "attune simulate": _MINUTES,
    "make starter": _HOURS,
    "make bench-": _HOURS,
    "attune move": "needs a PostgreSQL server; tests/ledger/test_moving.py and tests/attune/test_move.py do it",
    "python3 -m venv": _INSTALLS,
    "~/.attune/lm-eval/bin/pip": _INSTALLS,
    ".venv/bin/pip": _INSTALLS,
    "docker compose": _CONTAINERS,
    "kubectl": _CLUSTER,
    'key="$(kubectl': _CLUSTER,
    "serve deploy": "needs Ray; `make bench-ray` runs the file",
    "accelerate launch": "needs GPUs; tests/alignment/test_processes.py does it on a CPU, with torchrun",
    "sudo -u attune": "needs the user; tests/attune/test_owner.py runs every command in a home of another user",
    "systemctl daemon-reload": "changes the machine; tests/deploy/test_systemd.py verifies the units",
}
# How such a line begins: a committed result of it, or of the same with other arguments.
MEASURED = {
    "make demo": "demo-2*.md",
    "attune simulate": "demo-seeds-*.md",
    "make bench-gateway": "gateway-litellm-*.md",
    "make bench-lm-eval": "lm_eval_peer-*.md",
    "make bench-harness": "harness-starter-*.md",
    "make bench-ppo-step": "ppo_step-*.md",
    "make bench-ray": "ray-serve-*.md",
    "make bench-recipe ARGS": "recipe-again-450-steps-*.md",
    "serve deploy": "ray-serve-*.md",
}
# In the order in which they are run; the exit status is 0.
RUN = (
    "attune keys create --name my-app --scope inference --scope feedback",
    "attune keys create --name support-app --scope inference --scope feedback --rate 600 --expires 90d",
    "attune keys list",
    "attune align run --if-new-feedback 200",
    "attune align status",
    "attune align show RUN",
    "attune versions list",
    "attune versions show v2",
    "attune versions show v2 --report",
    "attune eval rank",
    "attune eval ratings",
    'attune eval override v2 --reason "…"',
    'attune canary v2 --share 10% --reason "nightly run"',
    "attune status",
    'attune promote v2 --reason "checked by hand"',
    'attune rollback --reason "people complain about tone"',
    "attune backup /backups/attune-monday.zip",
    "ATTUNE_HOME=/srv/attune-restored attune restore /backups/attune-monday.zip",
)
# Run by the tests of their parts.
_RUN_BY = (jobs, test_up, test_compose, test_systemd, test_old_ledgers, test_recipe)
ELSEWHERE = {line for module in _RUN_BY for line in module.DOCUMENTED}
CURL = re.compile(r"curl (--request DELETE )?'?http://127\.0\.0\.1:8000")


def why_not_run(line: str) -> str | None:
    """Why a line of shell is not run here; None if it is."""
    if line in RUN or line in ELSEWHERE or CURL.match(line):
        return None
    return next(reason for start, reason in NOT_RUN.items() if line.startswith(start))


def result_of(line: str) -> Path | None:
    """The newest committed result of a line that no test runs; None if there is none."""
    pattern = next((pattern for start, pattern in MEASURED.items() if line.startswith(start)), None)
    return None if pattern is None else max((ROOT / "benchmarks" / "results").glob(pattern))


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, ledger_path: Path) -> Path:
    """A home with a base v1 and an adapter v2 of it, which the gate has refused; engines are ready with both."""
    place = ledger_path.parent
    monkeypatch.setenv("ATTUNE_HOME", str(place))
    monkeypatch.chdir(place)
    folder = place / "versions" / "run_a"
    folder.mkdir(parents=True)
    made = manifest.write(folder, "adapter", inputs={}, facts={})
    verdict = Verdict(candidate="attune@v2", parent="attune@v1", passed=False, criteria=())
    database = Database.open(f"sqlite:///{ledger_path}", migrate=False)
    with database.write() as connection:
        versions.register_base(connection, path=str(STARTER), sha256="a" * 64)
        run = runs.create(connection, stage="register", config={})
        versions.register_adapter(connection, parent=1, path=str(folder), sha256=made.sha256, run_id=run.id, probe={})
        judged = {"won": 3, "tied": 1, "lost": 5}
        (place / "report.md").write_text("# Report\n")
        report = {"verdict": verdict.model_dump(mode="json"), "report": str(place), "preference": judged}
        versions.store_verdict(connection, 2, report=report, passed=False, actor="test")
        for number in (1, 2):
            engines.upsert(connection, Engine(f"eng_{number}", "unix:///x", number, "ready"))
    database.close()
    return place


@pytest.fixture
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway before a fake engine, on a ledger of its own."""
    folder = tmp_path_factory.mktemp("gateway")
    with FakeEngineProcess(folder) as engine:
        running = GatewayProcess(folder, database_url=f"sqlite:///{folder / 'ledger.db'}")
        running.serve(engine.url)
        running.run()
        yield running
        running.stop()


def test_every_line_of_shell_is_run_or_has_a_reason() -> None:
    shown = {line.text for line in snippets.shell()}
    run = {line for line in shown if line in RUN or line in ELSEWHERE or CURL.match(line)}
    assert len(run) > 35
    assert [line for line in shown - run if not line.startswith(tuple(NOT_RUN))] == []
    assert {*RUN, *ELSEWHERE} - shown == set()
    for starts in (NOT_RUN, MEASURED):
        assert [start for start in starts if not any(line.startswith(start) for line in shown - run)] == []
    assert len({result_of(line) for line in shown - run}) > 5


def test_every_command_stands_in_a_block_that_says_that_it_is_shell() -> None:
    assert list(snippets.unlabelled()) == []


def test_the_commands_of_the_docs_do_what_they_say(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database.open(f"sqlite:///{home / 'ledger.db'}", migrate=False)
    with database.read() as connection:
        [run] = runs.latest(connection)
    database.close()
    (tmp_path / "backups").mkdir()
    for line in RUN:
        here = re.sub(r"(?<=[ =])/(backups|srv)/", rf"{tmp_path}/backups/", line)
        words = snippets.words(here, {"RUN": run.id})
        while "=" in words[0]:
            monkeypatch.setenv(*words.pop(0).split("=", 1))
        assert cli.run(words[1:]) == 0, f"{line}: {capsys.readouterr().err}"


def test_curl_gets_an_answer_leaves_a_vote_and_erases_a_person(gateway: GatewayProcess, tmp_path: Path) -> None:
    asks, votes, erases = [snippet.text for snippet in snippets.shell() if CURL.match(snippet.text)]
    (tmp_path / "admin.key").write_text(gateway.secrets.admin)

    def run(line: str) -> str:
        command = line.replace("http://127.0.0.1:8000", gateway.root_url).replace("~/.attune", str(tmp_path))
        command = command.replace("curl ", "curl --fail --silent --show-error --noproxy '*' ")
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.replace(" ", "")

    completion_id = json.loads(run(asks))["id"]
    assert '"object":"feedback"' in run(votes.replace("chatcmpl-…", completion_id))

    with httpx.Client(base_url=gateway.base_url, headers={"Authorization": f"Bearer {gateway.secrets.app}"}) as client:
        asked = {"model": "attune", "messages": [{"role": "user", "content": "Hello"}], "user": "ada"}
        completion_id = client.post("/chat/completions", json=asked).json()["id"]
        assert '"deleted":true' in run(erases.replace("owner=my-app", "owner=acme"))
        assert client.get(f"/chat/completions/{completion_id}", headers={"X-Attune-User": "ada"}).status_code == 404


def test_the_program_of_the_readme_asks_and_votes(gateway: GatewayProcess, capsys: pytest.CaptureFixture[str]) -> None:
    [program] = [snippet.text for snippet in snippets.python() if snippet.page == "README.md"]
    program = program.replace("http://127.0.0.1:8000/v1", gateway.base_url)
    exec(program.replace("sk-attune-…", gateway.secrets.app), names := {})
    assert "attune@v1" in capsys.readouterr().out
    names["client"].close()
    database = Database.open(gateway.database_url, migrate=False)
    with database.read() as connection:
        [vote] = feedback.latest_for(connection, [names["answer"].id], owner="acme", user="ada")
    database.close()
    assert vote.comment == "One line would do."


def test_the_programs_for_developers_stream_and_vote(gateway: GatewayProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    asks, votes = [snippet.text for snippet in snippets.python() if snippet.page == "docs/developers.md"]
    monkeypatch.setenv("ATTUNE_KEY", gateway.secrets.app)
    exec(asks.replace("http://127.0.0.1:8000/v1", gateway.base_url), names := {})
    exec(votes, names)
    names["client"].close()
    with closing(Database.open(gateway.database_url, migrate=False)) as database, database.read() as connection:
        page = feedback.search(connection, FeedbackFilter(completion_id=names["completion_id"]))
    stored = page.items[::-1]
    assert [vote.value for vote in stored] == [1, -1, -1, 0]
    assert stored[2].correction == "I answer questions, in one line."


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_the_program_in_javascript_streams_and_votes(gateway: GatewayProcess) -> None:
    [program] = [snippet.text for snippet in snippets.javascript()]
    program = program.replace("http://127.0.0.1:8000/v1", gateway.base_url)
    command = ["node", "--input-type=module", "--eval", program]
    environment = {**os.environ, "ATTUNE_KEY": gateway.secrets.app}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    said, first, second = done.stdout.rsplit("\n ", 2)
    assert said
    assert first.startswith("fb_")
    with closing(Database.open(gateway.database_url, migrate=False)) as database, database.read() as connection:
        changed, liked = feedback.search(connection, FeedbackFilter()).items
        held = feedback.latest_for(connection, [liked.completion_id], owner="acme", user="ada")
    assert (liked.id, liked.value, changed.id, changed.value) == (first.strip(), 1, second.strip(), -1)
    assert [vote.id for vote in held] == [changed.id]


def test_the_programs_of_the_data_model_work(gateway: GatewayProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    opens, votes = [snippet.text for snippet in snippets.python() if snippet.page == "docs/data-model.md"]
    monkeypatch.setenv("ATTUNE_DATABASE_URL", gateway.database_url)
    names: dict[str, Any] = {"Database": Database, "LedgerSettings": LedgerSettings, "GroupCommit": GroupCommit}
    names |= {"NewFeedback": NewFeedback, "conversations": conversations, "feedback": feedback, "keys": keys}
    exec(opens, names)
    assert names["secret"].startswith("sk-attune-")
    with httpx.Client(base_url=gateway.base_url, headers={"Authorization": f"Bearer {gateway.secrets.app}"}) as client:
        asked = {"model": "attune", "messages": [{"role": "user", "content": "Hello"}], "user": "ann"}
        completion_id = client.post("/chat/completions", json=asked).json()["id"]
    lines = votes.replace("completion_id=…", f"completion_id={completion_id!r}").splitlines()
    body = "\n".join(f"    {line}" for line in lines)
    exec(f"async def vote():\n{body}\n    writer.close()\n    return stored\n", names)
    assert asyncio.run(names["vote"]()).completion_id == completion_id
    names["database"].close()


def test_every_program_of_the_docs_is_run_above() -> None:
    pages = [snippet.page for snippet in snippets.python()]
    assert Counter(pages) == {"README.md": 1, "docs/data-model.md": 2, "docs/developers.md": 2}


def test_every_command_within_a_text_exists_with_its_flags() -> None:
    commands = list(snippets.inline())
    assert len(commands) > 80
    assert [snippet for snippet in commands if not _exists(snippet.text)] == []


def _exists(command: str) -> bool:
    program, *words = shlex.split(command)
    match program:
        case "attune":
            return _is_attune(words)
        case "make":
            return re.search(rf"^{re.escape(words[0])}:", (ROOT / "Makefile").read_text(), re.MULTILINE) is not None
        case "python" | "python3" if words[0] == "-m":
            return importlib.util.find_spec(words[1]) is not None
        case "python" | "python3":
            return (ROOT / words[0]).exists()
    return shutil.which(program) is not None


def _is_attune(words: list[str]) -> bool:
    found: Any = typer.main.get_command(cli.app)
    while words and hasattr(found, "commands"):
        if words[0] not in found.commands:
            return False
        found, words = found.commands[words[0]], words[1:]
    known = {flag for option in found.params for flag in option.opts + option.secondary_opts}
    return all(word.split("=")[0] in known for word in words if word.startswith("--"))
