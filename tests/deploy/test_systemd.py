"""The systemd units: verified by systemd itself."""

import os
import shlex
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.processes import ROOT

FOLDER = ROOT / "deploy" / "systemd"
UNITS = sorted(FOLDER.glob("attune*"))
analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd-analyze")

# The docs' lines that are run below.
DOCUMENTED = (
    "useradd --system --home-dir /var/lib/attune --shell /usr/sbin/nologin attune",
    "cp deploy/systemd/attune* /etc/systemd/system/",
    "systemctl enable --now attune.service attune-align.timer",
    "systemctl disable --now attune.service attune-align.timer",
    "rm -f /etc/systemd/system/attune.service /etc/systemd/system/attune-align.service "
    "/etc/systemd/system/attune-align.timer",
    "rm -rf /opt/attune /var/lib/attune /etc/attune.env",
    "userdel attune",
)
INSTALL, UNINSTALL = DOCUMENTED[:3], DOCUMENTED[3:]


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


def run_below(root: Path, lines: tuple[str, ...]) -> None:
    """Runs lines of the docs on a root folder of their own: every path that they name lies below it."""
    tools = {"useradd": f"useradd --prefix {root}", "userdel": f"userdel --prefix {root}"}
    for line in lines:
        tool, *rest = shlex.split(line.replace(" --now", ""))
        paths = rest if tool == "useradd" else [f"{root}{word}" if word.startswith("/") else word for word in rest]
        command = " ".join([tools.get(tool, f"systemctl --root={root}" if tool == "systemctl" else tool), *paths])
        done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, f"{command}: {done.stderr}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes users")
@pytest.mark.skipif(not shutil.which("systemctl") or not shutil.which("useradd"), reason="this machine has no systemd")
def test_the_lines_of_the_docs_make_the_user_and_enable_the_units_and_take_both_away(tmp_path: Path) -> None:
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    for name in ("passwd", "group", "shadow", "gshadow", "login.defs"):
        shutil.copy(Path("/etc") / name, tmp_path / "etc")
    before = (tmp_path / "etc/passwd").read_text()
    run_below(tmp_path, INSTALL)
    user = (tmp_path / "etc/passwd").read_text().splitlines()[-1]
    assert user.startswith("attune:") and user.endswith(":/var/lib/attune:/usr/sbin/nologin")
    units = tmp_path / "etc/systemd/system"
    assert {path.name for path in units.glob("*.wants/*")} == {"attune.service", "attune-align.timer"}
    (tmp_path / "opt/attune").mkdir(parents=True)
    run_below(tmp_path, UNINSTALL)
    assert (tmp_path / "etc/passwd").read_text() == before
    assert [path for path in tmp_path.rglob("*attune*") if not path.name.endswith("-")] == []
