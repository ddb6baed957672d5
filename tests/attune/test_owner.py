"""Who may run commands in a home folder: its owner, so that nobody's files are in the owner's way."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from attune import cli
from ledger.errors import Misconfigured
from ledger.home_owner import require_owner
from server import __main__ as gateway

NOBODY = 65534
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, ledger_path: Path) -> Path:
    monkeypatch.setenv("ATTUNE_HOME", str(ledger_path.parent))
    monkeypatch.chdir(ledger_path.parent)
    return ledger_path.parent


@pytest.fixture
def of_nobody(home: Path) -> Path:
    """A home that belongs to the user nobody, with all that is in it."""
    for path in (home, *home.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    return home


def leaves() -> list[list[str]]:
    """Every command there is, by its words."""

    def below(command: object, words: list[str]) -> list[list[str]]:
        children = getattr(command, "commands", None)
        return [words] if children is None else [leaf for n, c in children.items() for leaf in below(c, [*words, n])]

    return below(typer.main.get_command(cli.app), [])


CHOICES = {"--scope": "inference", "--format": "unpaired"}


def needed(words: list[str]) -> list[str]:
    """What a command must be given, so that it is not refused for want of it."""
    command: Any = typer.main.get_command(cli.app)
    for word in words:
        command = command.commands[word]
    found = []
    for parameter in command.params:
        if parameter.required:
            [name] = parameter.opts
            found += [name, CHOICES.get(name, "x")] if name.startswith("-") else ["v1"]
    return found


@only_root
@pytest.mark.parametrize("words", leaves(), ids=" ".join)
def test_a_command_of_root_leaves_nothing_in_the_home_of_another(
    words: list[str], of_nobody: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [*words, *needed(words)]
    before = sorted(of_nobody.rglob("*"))
    status, said = cli.run(command), capsys.readouterr()
    assert sorted(of_nobody.rglob("*")) == before
    if words == ["settings"]:
        assert status == 0
        return
    assert status == 64
    assert "belongs to nobody, and this command runs as root" in said.err
    assert f"`sudo -u nobody ATTUNE_HOME={of_nobody} attune {' '.join(command)}`" in said.err
    assert len(said.err.strip().splitlines()) == 1


@only_root
def test_help_is_for_everybody(of_nobody: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["keys", "create", "--help"]) == 0
    assert "--scope" in capsys.readouterr().out


@only_root
def test_the_processes_refuse_too(of_nobody: Path) -> None:
    with pytest.raises(Misconfigured, match=r"sudo -u nobody .* python -m server`"):
        gateway.serve()


@pytest.mark.parametrize(("may_write", "refused"), [(True, False), (False, True)], ids=["group", "closed"])
def test_another_user_may_share_a_home_that_is_open_to_them(
    may_write: bool, refused: bool, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a volume of Kubernetes belongs to root, and the pod's group may write it."""
    os_access = os.access
    monkeypatch.setattr("ledger.home_owner.os.geteuid", lambda: 10001)
    monkeypatch.setattr("ledger.home_owner.os.access", lambda path, mode: may_write and os_access(path, mode))
    if not refused:
        require_owner(home, "attune status")
        return
    advice = f"chown -R #10001: {home}" if home.stat().st_uid == 0 else "sudo -u"
    with pytest.raises(Misconfigured, match=re.escape(advice)):
        require_owner(home, "attune status")


def test_a_home_that_is_not_there_yet_is_nobodys(home: Path) -> None:
    require_owner(home / "new", "attune up")
