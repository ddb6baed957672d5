"""Mistakes in a setting, a path or a right: exit status 64 and one sentence, in every command and process."""

import errno
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from alignment.config import load as load_config
from alignment.errors import WrongConfig
from attune import cli, exit_status, ports, settings
from attune.errors import WrongUsage
from ledger import setting_faults

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home that is not there yet, and no setting of the machine that runs the tests."""
    for name in [name for name in os.environ if name.startswith("ATTUNE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ATTUNE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 64) -> str:
    """What a command says that ends with `status`: one sentence, without a traceback."""
    assert cli.run(list(arguments)) == status
    said = capsys.readouterr().err.strip()
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize("command", [["up"], ["status"], ["settings"], ["keys", "list"], ["prepare"], ["align", "run"]])
@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[ledger]\nhoem = 'x'\n", "hoem in [ledger] of attune.toml:2 is no setting. Did you mean home?"),
        ("gateway port 8000", "attune.toml: "),
    ],
)
def test_every_command_names_a_mistake_in_the_file(
    command: list[str], toml: str, words: str, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    Path("attune.toml").write_text(toml)
    assert words in complaint(capsys, *command)
    assert not home.exists()


@pytest.mark.parametrize(
    ("toml", "environment", "words"),
    [
        ("", {"ATTUNE_PORT": "abc"}, "ATTUNE_PORT is 'abc': "),
        ("", {"ATTUNE_PORT": "99999"}, "ATTUNE_PORT is '99999': "),
        ("[gateway]\nport = 99999\n", {}, "port in [gateway] of attune.toml:2 is 99999: "),
        ("[gateway]\nprot = 1\n", {}, "prot in [gateway] of attune.toml:2 is no setting. Did you mean port?"),
        ("[chat_ui]\nui_prot = 1\n", {}, "ui_prot in [chat_ui] of attune.toml:2 is no setting. Did you mean ui_port?"),
        ("[chat_ui]\nui_port = 99999\n", {}, "ui_port in [chat_ui] of attune.toml:2 is 99999: "),
        ("chat_ui = 3\n", {}, "[chat_ui] must be a table"),
        ("", {"ATTUNE_ALLOWED_HOSTS": "a.example"}, "ATTUNE_ALLOWED_HOSTS is 'a.example': lists are given as JSON"),
        ("", {"ATTUNE_DATABASE_URL": "mysql://x/y"}, "does not speak to mysql"),
        ("", {"ATTUNE_MODEL": "/no/such"}, "There is no model folder /no/such"),
        ("[engine]\nupstream = 'http://a,http://b'\n", {}, "several upstreams: set upstream_model"),
    ],
)
def test_a_start_names_the_setting_and_its_value(
    toml: str,
    environment: dict[str, str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("attune.toml").write_text(toml)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("attune.supervisor.require_free", lambda *_: None)
    assert words in complaint(capsys, "up")


def test_a_flag_out_of_range_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--port" in complaint(capsys, "up", "--port", "99999")
    assert "--ui-port" in complaint(capsys, "up", "--ui-port", "-1")


def test_a_secret_is_not_repeated_in_a_complaint(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("attune.toml").write_text("[engine]\nupstream_api_key = [7777]\n")
    said = complaint(capsys, "up")
    assert "upstream_api_key in [engine]" in said
    assert "7777" not in said


@pytest.mark.parametrize("command", [["up"], ["prepare"], ["keys", "list"]])
def test_a_home_that_is_a_file_is_named(command: list[str], capsys: pytest.CaptureFixture[str], home: Path) -> None:
    home.write_text("no folder")
    assert str(home) in complaint(capsys, *command)


@pytest.mark.parametrize(
    ("number", "status"), [(errno.EACCES, 64), (errno.EROFS, 64), (errno.ENOSPC, 1)], ids=["right", "read-only", "full"]
)
@pytest.mark.parametrize("command", [["up"], ["prepare"]])
def test_a_home_that_cannot_be_made_is_a_sentence_and_only_a_full_disk_is_worth_another_try(
    command: list[str],
    number: int,
    status: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    home: Path,
) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    said = complaint(capsys, *command, status=status)
    assert said.startswith(f"attune: The home folder {home} cannot be used: {os.strerror(number)}. Set ATTUNE_HOME")


def test_a_lock_of_another_user_is_a_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, home: Path, ledger_path: Path
) -> None:
    monkeypatch.setenv("ATTUNE_HOME", str(ledger_path.parent))
    os_open = os.open

    def refuse(path: str, *arguments: int) -> int:
        if str(path).endswith(".lock"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return os_open(path, *arguments)

    monkeypatch.setattr("ledger.dialects.os.open", refuse)
    said = complaint(capsys, "status")
    assert f"The lock file {ledger_path}.lock cannot be used: Permission denied." in said
    assert f"runs as user {os.geteuid()}" in said


def test_a_path_that_a_command_is_given_is_named(
    capsys: pytest.CaptureFixture[str], ledger_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTUNE_HOME", str(ledger_path.parent))
    assert "/no/such.toml" in complaint(capsys, "align", "run", "--config", "/no/such.toml")
    assert "/no/such.key" in complaint(capsys, "eval", "run", "--key-file", "/no/such.key", "--url", "http://x")


def test_a_defect_of_ours_is_not_dressed_up_as_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    assert exit_status.of(KeyError("x")) is None
    assert exit_status.of(OSError("a socket broke")) is None


def test_a_port_that_this_user_may_not_have_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("socket.socket.bind", refuse, raising=False)
    with pytest.raises(WrongUsage, match="Port 80 may not be listened on"):
        ports.require_free("127.0.0.1", 80, "ATTUNE_PORT")


def test_what_is_set_and_means_nothing_is_named_with_the_nearest_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ATTUNE_PROT", "1")
    Path("attune.toml").write_text("port = 1\n[gatewy]\nport = 1\n")
    sentences = [
        "ATTUNE_PROT is no setting and has no effect. Did you mean ATTUNE_PORT?",
        "port in attune.toml:1 stands outside of any section and has no effect.",
        "[gatewy] in attune.toml:2 is no section. Did you mean [gateway]?",
    ]
    assert settings.unknown(settings.current_environment()) == sentences
    assert cli.run(["prepare"]) == 0
    said = capsys.readouterr().err
    assert [sentence for sentence in sentences if f"attune: warning: {sentence}" not in said] == []
    assert cli.run(["status"]) == 0
    said = capsys.readouterr().err
    assert [sentence for sentence in sentences if f"attune: warning: {sentence}" not in said] == []
    assert cli.run(["status", "--check"]) == 1
    assert "no setting" not in capsys.readouterr().err
    assert cli.run(["doctor"]) == 1
    assert "Did you mean [gateway]?" in " ".join(capsys.readouterr().out.split())
    monkeypatch.setenv("ATTUNE_MODEL", "/no/such")
    assert "Did you mean ATTUNE_PORT?" in complaint(capsys, "up")


@pytest.mark.parametrize(
    ("section", "key", "line"),
    [("gateway", "port", 5), ("", "late", 2), ("a.b", "c", 7), ("quoted", "x", 9), ("gateway", "none", None)],
)
def test_the_line_of_a_key_is_found_in_a_file(section: str, key: str, line: int | None) -> None:
    """As tomllib reads it: comments, spaces, dotted and quoted keys."""
    file = Path("some.toml")
    file.write_text(
        '# port = 1\nlate = 1\nquoted.y = 2\n[ gateway ] # port = 3\nport=4\n[a]\nb.c = 5\n["quoted"]\n"x" = 6\n'
    )
    assert setting_faults.place(file, section, key) == (f"some.toml:{line}" if line else "some.toml")


def test_a_wrong_setting_of_a_run_is_named_with_its_line() -> None:
    Path("align.toml").write_text("seed = 1\n\n[ppo]\nrollouts = -1\n")
    with pytest.raises(WrongConfig, match=r"ppo.rollouts \(align.toml:4\): "):
        load_config(Path("align.toml"))


@pytest.mark.parametrize("module", ["server", "server.controller", "chat_ui"])
def test_the_processes_end_with_64_too(
    module: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    name = "ATTUNE_UI_PORT" if module == "chat_ui" else "ATTUNE_PORT" if module == "server" else "ATTUNE_KV_CACHE_GIB"
    monkeypatch.setenv(name, "abc")
    monkeypatch.delitem(sys.modules, f"{module}.__main__", raising=False)  # another test may have imported it
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(module, run_name="__main__")
    assert ended.value.code == 64
    assert f"{name} is 'abc'" in capsys.readouterr().err + caplog.text


def test_the_chat_tells_a_mistake_before_it_imports_gradio() -> None:
    program = "import sys, chat_ui.__main__ as chat; status = chat.main(); sys.exit('gradio' in sys.modules or status)"
    environment = dict(os.environ) | {"ATTUNE_UI_PORT": "abc", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 64 and "ATTUNE_UI_PORT is 'abc'" in done.stderr


def test_the_unit_does_not_start_again_what_ended_with_64() -> None:
    unit = (ROOT / "deploy" / "systemd" / "attune.service").read_text()
    assert f"RestartPreventExitStatus={exit_status.WRONG_USAGE}\n" in unit


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["status", "--check"],
        ["keys", "list"],
        ["keys", "create", "--name", "app", "--scope", "inference"],
        ["users", "list"],
        ["versions", "list"],
        ["feedback", "export", "--format", "unpaired"],
        ["align", "run", "--if-new-feedback", "1"],
        ["align", "status"],
        ["eval", "rank"],
        ["eval", "ratings"],
        ["promote", "v1"],
        ["backup", "x.zip"],
    ],
)
def test_a_command_makes_no_home_and_no_ledger_where_there_is_none(
    command: list[str], capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    assert complaint(capsys, *command).startswith(f"attune: There is no ledger {home / 'ledger.db'}: `attune up`")
    home.mkdir()  # a folder that is not mounted
    complaint(capsys, *command)
    assert list(home.iterdir()) == []


def test_the_doctor_writes_nothing_before_a_first_start(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    cli.run(["doctor"])
    said = " ".join(capsys.readouterr().out.split())
    assert "There is no ledger" in said
    assert f"{home} is not there yet" in said
    assert not home.exists()


def test_a_database_without_tables_is_left_without(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ATTUNE_DATABASE_URL", empty_database_url)
    for _ in range(2):
        assert "There is no ledger" in complaint(capsys, "keys", "list")
    assert cli.run(["prepare"]) == 0
    assert cli.run(["keys", "list"]) == 0
