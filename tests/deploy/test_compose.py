"""The Compose file: valid against the compose-spec's schema, and its services as closed as the images allow."""

import json
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.validators import validator_for

from benchmarks.dockerfile import read
from http_bounds.hosts import AllowedHosts

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
# The docs' line that is run below.
DOCUMENTED = ('export POSTGRES_PASSWORD="$(openssl rand -hex 16)"',)
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = [name for name in SERVICES if name != "postgres"]


def faults(document: Any) -> list[str]:
    schema = json.loads((files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json").read_text())
    found = validator_for(schema)(schema).iter_errors(document)
    return [f"{'/'.join(map(str, fault.path))}: {fault.message}" for fault in found]


def test_it_fits_the_schema() -> None:
    assert faults(COMPOSE) == []


def test_the_check_finds_a_misspelt_field() -> None:
    assert faults({"services": {"gateway": {"image": "a", "restrat": "always"}}}) != []


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_ours_is_read_only_and_without_capabilities(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert [entry for entry in service["tmpfs"] if entry.startswith("/tmp")]
    assert [volume for volume in service["volumes"] if volume.split(":")[1] == "/var/lib/attune"]


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_ours_is_built_from_a_target_of_the_dockerfile(name: str) -> None:
    build = SERVICES[name]["build"]
    assert build["target"] in read(ROOT / "Dockerfile").stages
    assert (ROOT / "deploy" / build["context"]).resolve() == ROOT


def test_nothing_is_open_to_the_network_and_the_database_to_nobody() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(ports) == {"gateway", "chat"}
    assert all(port.startswith("127.0.0.1:") for entries in ports.values() for port in entries)


def test_processes_start_after_what_they_need_and_stop_after_they_have_drained() -> None:
    waits = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}
    assert waits["prepare"] == {"postgres": {"condition": "service_healthy"}}
    for name in ("engine", "gateway", "align"):
        assert waits[name] == {"prepare": {"condition": "service_completed_successfully"}}
    assert int(SERVICES["gateway"]["stop_grace_period"].removesuffix("s")) > 30  # drain_timeout_s
    assert int(SERVICES["engine"]["stop_grace_period"].removesuffix("s")) > 15  # stop_timeout_s


@pytest.mark.skipif(shutil.which("openssl") is None, reason="this machine has no openssl")
def test_the_line_of_the_docs_makes_the_password_that_the_file_wants() -> None:
    [line] = DOCUMENTED
    done = subprocess.run(["sh", "-c", f"{line}; env"], capture_output=True, text=True, check=True)
    assert re.search(r"^POSTGRES_PASSWORD=[0-9a-f]{32}$", done.stdout, re.MULTILINE)
    assert "${POSTGRES_PASSWORD:?" in json.dumps(COMPOSE)


def test_each_server_answers_to_the_name_that_the_others_call_it_by() -> None:
    for name, service in (("gateway", SERVICES["gateway"]), ("chat", SERVICES["chat"])):
        hosts = AllowedHosts(json.loads(service["environment"]["ATTUNE_ALLOWED_HOSTS"]), "0.0.0.0")
        assert hosts.accept(f"{name}:8000") and hosts.accept("172.18.0.5:8000") and hosts.accept("127.0.0.1:8000")
    called = SERVICES["chat"]["environment"]["ATTUNE_GATEWAY_URL"]
    assert called == "http://gateway:8000"
