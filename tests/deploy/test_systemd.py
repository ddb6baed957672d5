"""The systemd units: verified by systemd itself."""

import os
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests import snippets
from tests.processes import ROOT

FOLDER = ROOT / "deploy" / "systemd"
UNITS = sorted(FOLDER.glob("attune*"))
analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd-analyze")

# The docs' lines that are run below.
DOCUMENTED = (
    "useradd --system --home-dir /var/lib/attune --shell /usr/sbin/nologin attune",
    "cp deploy/systemd/attune* /etc/systemd/system/",
    "systemctl enable --now attune.service attune-align.timer",
)


def verify(folder: Path) -> str:
    """What systemd finds wrong with copies of the units in `folder`, whose program is one that is there."""
    for unit in UNITS:
        text = unit.read_text().replace("/opt/attune/.venv/bin/attune", "/bin/true")
        (folder / unit.name).write_text(text)
    names = [str(folder / unit.name) for unit in UNITS]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *names], capture_output=True, text=True, check=False
    )
    return "\n".join(line for line in (done.stdout + done.stderr).splitlines() if "attune" in line)


def option(unit: str, section: str, name: str) -> str:
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string((FOLDER / unit).read_text())
    return parser[section][name]


@analyze
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    assert len(UNITS) == 3
    assert verify(tmp_path) == ""


@analyze
def test_the_check_finds_a_misspelt_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = tmp_path / "attune.service"
    wrong.write_text("[Service]\nExecStart=/opt/attune/.venv/bin/attune up\nRestrat=always\n")
    monkeypatch.setattr(f"{__name__}.UNITS", [wrong])
    assert "Restrat" in verify(tmp_path)


def test_a_refusal_by_the_gate_is_no_failure_of_the_unit() -> None:
    assert option("attune-align.service", "Service", "SuccessExitStatus") == "2"
    assert "--if-new-feedback" in option("attune-align.service", "Service", "ExecStart")


def test_the_unit_may_take_as_long_to_stop_as_attune_up_does() -> None:
    drain_s, engine_s = 30 + 5, 15 + 5  # Plan.children in attune/supervisor.py, with the chat's 5 s
    assert int(option("attune.service", "Service", "TimeoutStopSec")) >= drain_s + 5 + engine_s


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes users")
@pytest.mark.skipif(not shutil.which("systemctl") or not shutil.which("useradd"), reason="this machine has no systemd")
def test_the_lines_of_the_docs_make_the_user_and_enable_the_units(tmp_path: Path) -> None:
    """Under a root folder of their own, in which nothing can be started."""
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    for name in ("passwd", "group", "shadow", "gshadow", "login.defs"):
        shutil.copy(Path("/etc") / name, tmp_path / "etc")
    instead = {
        "useradd": f"useradd --prefix {tmp_path}",
        "systemctl": f"systemctl --root={tmp_path}",
        " --now": "",
        " /etc/": f" {tmp_path}/etc/",
    }
    for line in DOCUMENTED:
        command = " ".join(snippets.words(line, instead))
        done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"
    user = (tmp_path / "etc/passwd").read_text().splitlines()[-1]
    assert user.startswith("attune:") and user.endswith(":/var/lib/attune:/usr/sbin/nologin")
    units = tmp_path / "etc/systemd/system"
    assert {path.name for path in units.glob("*.wants/*")} == {"attune.service", "attune-align.timer"}
