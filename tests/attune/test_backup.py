"""Backup and restore: what was acknowledged before the backup is there afterwards, elsewhere, and serves."""

import os
import shutil
import stat
import struct
import subprocess
import sys
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from alignment import manifest
from attune import cli
from ledger import keys, postgresql_tools, runs, versions
from ledger.database import Database
from ledger.errors import Misconfigured
from ledger.records import ApiKey
from ledger.schema import completions
from ledger.schema import feedback as feedback_table
from tests.processes import ROOT, FakeEngineProcess, GatewayProcess

WRITER = ROOT / "tests" / "ledger" / "writer_process.py"


@contextmanager
def ledger_of(home: Path) -> Iterator[Database]:
    """A home's ledger, open while the block runs."""
    database = Database.open(f"sqlite:///{home / 'ledger.db'}", migrate=False)
    try:
        yield database
    finally:
        database.close()


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, ledger_path: Path) -> Path:
    """A home with a ledger, a base model v1, and an adapter v2 that a run made of it."""
    place = ledger_path.parent
    monkeypatch.setenv("ATTUNE_HOME", str(place))
    monkeypatch.chdir(place)
    (place / "ui.secret").write_text("signs cookies\n")
    folder = place / "versions" / "run_a"
    (folder / "nested").mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(os.urandom(4096))
    (folder / "nested" / "card.md").write_text("what it is")
    made = manifest.write(folder, "adapter", inputs={}, facts={})
    with ledger_of(place) as database, database.write() as connection:
        base = versions.register_base(connection, path="/no/such/base", sha256="f" * 64)
        run = runs.create(connection, stage="register", config={})
        versions.register_adapter(
            connection, parent=base.number, path=str(folder), sha256=made.sha256, run_id=run.id, probe={}
        )
    return place


@pytest.fixture
def elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another home, which the commands do not use yet."""
    return home.parent / f"{home.name}-elsewhere"


def restored(monkeypatch: pytest.MonkeyPatch, file: Path, home: Path) -> int:
    monkeypatch.setenv("ATTUNE_HOME", str(home))
    return cli.run(["restore", str(file)])


class Voters:
    """A process that answers and votes as fast as the ledger commits, and what it was told."""

    def __init__(self, home: Path, key: ApiKey) -> None:
        self.acknowledged: list[str] = []
        command = [sys.executable, str(WRITER), "store", f"sqlite:///{home / 'ledger.db'}", key.id, "ann"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)
        self._reader = threading.Thread(target=self._read)

    def __enter__(self) -> "Voters":
        assert self._process.stdin is not None and self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def wait_for(self, votes: int) -> list[str]:
        """Waits for so many votes, and returns those that are acknowledged now."""
        deadline = time.monotonic() + 60
        while len(self.acknowledged) < votes:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return list(self.acknowledged)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.endswith("\n"):
                self.acknowledged.append(line.strip())


def test_what_was_acknowledged_before_a_backup_is_in_it_and_serves_elsewhere(
    home: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ledger_of(home) as database, database.write() as connection:
        key, secret = keys.create(connection, name="app", owner="acme", scopes=("inference", "feedback"))
    taken: list[tuple[Path, list[str]]] = []
    with Voters(home, key) as voters:
        for number in range(3):
            before = voters.wait_for(100 * (number + 1))
            file = home / f"{number}.backup"
            assert cli.run(["backup", str(file)]) == 0
            taken.append((file, before))
            voters.wait_for(len(before) + 1)  # they go on
    for number, (file, before) in enumerate(taken):
        place = elsewhere / str(number)
        assert restored(monkeypatch, file, place) == 0
        with ledger_of(place) as database:
            database.verify()
            with database.read() as connection:
                votes = Counter(connection.execute(select(feedback_table.c.completion_id)).scalars())
                answers = set(connection.execute(select(completions.c.id)).scalars())
        assert len(before) >= 100
        assert set(before) <= set(votes) <= answers
        assert max(votes.values()) == 1
    _serves(elsewhere / "2", secret, taken[2][1][0])


def _serves(home: Path, secret: str, completion_id: str) -> None:
    """Asks a gateway over a restored ledger, with a key from before, for an answer from before and for a new one."""
    with FakeEngineProcess(home) as engine:
        gateway = GatewayProcess(home, database_url=f"sqlite:///{home / 'ledger.db'}")
        gateway.serve(engine.url)
        gateway.run()
        try:
            headers = {"Authorization": f"Bearer {secret}", "X-Attune-User": "ann"}
            with httpx.Client(base_url=gateway.base_url, headers=headers) as client:
                old = client.get(f"/chat/completions/{completion_id}")
                assert (old.status_code, old.json()["id"]) == (200, completion_id)
                body = {"model": "attune", "messages": [{"role": "user", "content": "Hello"}]}
                assert client.post("/chat/completions", json=body).status_code == 200
        finally:
            gateway.stop()


def test_versions_and_the_cookies_secret_come_along(
    home: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = home / "all.backup"
    assert cli.run(["backup", "all.backup"]) == 0
    assert "v2" in capsys.readouterr().out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert restored(monkeypatch, file, elsewhere) == 0
    shown = capsys.readouterr()
    assert "v2" in shown.out
    assert "v1 lay in /no/such/base" in shown.err
    assert (elsewhere / "ui.secret").read_text() == (home / "ui.secret").read_text()
    with ledger_of(elsewhere) as database, database.read() as connection:
        adapter = versions.get(connection, 2)
    assert adapter.path == str(elsewhere / "versions" / "run_a")
    assert manifest.verify(Path(adapter.path)).sha256 == adapter.sha256
    private = [elsewhere / "ledger.db", elsewhere / "ui.secret"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
    left = {path.name for path in elsewhere.iterdir()}
    assert left <= {"ledger.db", "ledger.db.lock", "ui.secret", "versions", "logs", "tombstones.jsonl"}


def test_a_damaged_version_is_named_and_the_rest_is_backed_up(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "versions" / "run_a" / "adapter_model.safetensors").write_bytes(b"broken")
    assert cli.run(["backup", "some.backup"]) == 1
    assert "Not in the backup: attune@v2" in capsys.readouterr().err
    with zipfile.ZipFile(home / "some.backup") as archive:
        assert set(archive.namelist()) == {"backup.json", "ledger.db", "ui.secret"}


def test_nothing_is_overwritten(
    home: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = home / "all.backup"
    assert cli.run(["backup", str(file)]) == 0
    assert " KiB." in capsys.readouterr().out
    first = file.read_bytes()
    assert cli.run(["backup", str(file)]) == 64
    assert file.read_bytes() == first
    assert cli.run(["restore", str(file)]) == 64
    assert "is there already, and a restore overwrites nothing" in capsys.readouterr().err
    other = elsewhere / "versions" / "run_a"
    other.mkdir(parents=True)
    (other / "file").write_text("something else")
    assert restored(monkeypatch, file, elsewhere) == 64
    assert not (elsewhere / "ledger.db").exists()
    assert (other / "file").read_text() == "something else"


def test_a_restore_that_was_interrupted_can_be_run_again(
    home: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = home / "all.backup"
    assert cli.run(["backup", str(file)]) == 0
    assert restored(monkeypatch, file, elsewhere) == 0
    (elsewhere / "ledger.db").unlink()  # as if it had ended before the last step
    assert restored(monkeypatch, file, elsewhere) == 0
    with ledger_of(elsewhere) as database:
        database.verify()


def middle_of_ledger(file: Path) -> int:
    """Where a backup holds the middle of the packed ledger: fields that nobody reads, such as times, lie elsewhere."""
    with zipfile.ZipFile(file) as archive:
        ledger = archive.getinfo("ledger.db")
    header = file.read_bytes()[ledger.header_offset :][:30]
    name_bytes, extra_bytes = struct.unpack("<HH", header[26:])
    return int(ledger.header_offset + 30 + name_bytes + extra_bytes + ledger.compress_size // 2)


@pytest.mark.parametrize("spoil", ["cut", "changed", "no backup"])
def test_a_file_that_is_no_whole_backup_is_refused(
    home: Path,
    elsewhere: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    spoil: str,
) -> None:
    file = home / "all.backup"
    assert cli.run(["backup", str(file)]) == 0
    content = bytearray(file.read_bytes())
    if spoil == "changed":
        content[middle_of_ledger(file)] ^= 0xFF
    file.write_bytes({"cut": content[: len(content) // 2], "changed": content, "no backup": b"something"}[spoil])
    assert restored(monkeypatch, file, elsewhere) == 64
    assert capsys.readouterr().err.startswith(f"attune: {file} cannot be restored")
    assert not (elsewhere / "ledger.db").exists()


@pytest.mark.parametrize("database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_a_ledger_in_postgresql_names_its_own_tools(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ATTUNE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ATTUNE_DATABASE_URL", database_url)
    docs = "\n".join(page.read_text() for page in (ROOT / "docs").rglob("*.md"))
    monkeypatch.setattr("ledger.postgresql_tools.installed_pg_dump", lambda: "9.6.24")
    assert cli.run(["backup", str(tmp_path / "file")]) == 64
    said = capsys.readouterr().err
    assert f"`{postgresql_tools.BACK_UP}`" in said and f"`{postgresql_tools.BACK_UP}`" in docs
    assert "pg_dump here has version 9.6.24 and refuses the server, which has version " in said
    assert cli.run(["restore", str(tmp_path / "file")]) == 64
    said = capsys.readouterr().err
    for command in (postgresql_tools.RESTORE, postgresql_tools.REPLAY):
        assert f"`{command}`" in said and command in docs
    assert list(tmp_path.glob("*file*")) == []
    assert cli.run(["doctor"]) == 1
    assert "refuses the server" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("server", "pg_dump", "fault"),
    [
        ("16.2", "16.1", None),
        ("16.2", "17.0", None),
        ("16.2", "15.18", "pg_dump here has version 15.18 and refuses the server, which has version 16.2. "),
        ("9.6.24", "15.18", None),
        ("16.2", None, "There is no pg_dump on this machine; the server has version 16.2. "),
    ],
)
def test_pg_dump_must_be_as_new_as_the_server(server: str, pg_dump: str | None, fault: str | None) -> None:
    said = postgresql_tools.pg_dump_fault(server, pg_dump)
    assert (said is None) == (fault is None)
    if fault is not None and said is not None:
        assert said.startswith(fault) and "postgresql-client-16" in said


@pytest.mark.parametrize("database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.skipif(not shutil.which("pg_dump"), reason="this machine has no pg_dump")
def test_what_is_said_of_pg_dump_is_what_it_does(database_url: str, tmp_path: Path) -> None:
    database = Database.open(database_url, migrate=False)
    try:
        database.backup_tool()
        fault = None
    except Misconfigured as error:
        fault = str(error)
    finally:
        database.close()
    file = str(tmp_path / "ledger.dump")
    command = [word.replace("ledger.dump", file) for word in postgresql_tools.BACK_UP.split()[:-1]]
    done = subprocess.run([*command, database_url], capture_output=True, text=True, timeout=60)
    assert (done.returncode == 0) == (fault is None), done.stderr
