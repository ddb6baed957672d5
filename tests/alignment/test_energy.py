"""Energy is read where the machine counts it, and estimated, and called so, where it does not."""

from pathlib import Path

import pytest

from alignment import energy
from alignment.energy import EnergyMeter


def zone(powercap: Path, name: str, microjoules: int, limit: int = 1_000_000_000) -> None:
    (powercap / name).mkdir(parents=True, exist_ok=True)
    (powercap / name / "energy_uj").write_text(str(microjoules))
    (powercap / name / "max_energy_range_uj").write_text(str(limit))


def test_packages_are_added_and_their_parts_are_not_counted_twice(tmp_path: Path) -> None:
    for name in ("intel-rapl:0", "intel-rapl:1", "intel-rapl:0:0"):
        zone(tmp_path, name, 5_000_000)
    with EnergyMeter(10.0, tmp_path) as meter:
        zone(tmp_path, "intel-rapl:0", 7_000_000)
        zone(tmp_path, "intel-rapl:1", 6_500_000)
        zone(tmp_path, "intel-rapl:0:0", 6_000_000)
    assert meter.energy.cpu_joules == pytest.approx(3.5)
    assert meter.energy.cpu_method.startswith("measured (RAPL, 2 packages")


def test_a_counter_that_started_again_is_read_right(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", 9_000_000, limit=9_999_999)
    with EnergyMeter(10.0, tmp_path) as meter:
        zone(tmp_path, "intel-rapl:0", 1_000_000, limit=9_999_999)
    assert meter.energy.cpu_joules == pytest.approx(2.0)


def test_without_counters_cpu_seconds_are_multiplied_and_the_report_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter([100.0, 130.0])
    monkeypatch.setattr(energy, "cpu_seconds", lambda: next(seconds))
    with EnergyMeter(8.0, tmp_path) as meter:
        pass
    assert meter.energy.cpu_joules == pytest.approx(240.0)
    assert meter.energy.cpu_method == "estimated (30.0 CPU seconds at 8 W per core)"
