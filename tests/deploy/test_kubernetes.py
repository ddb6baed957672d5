"""The Kubernetes manifests: valid against the API's schema, and closed as far as they can be."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from http_bounds.hosts import AllowedHosts

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "kubernetes"
# The oldest version that its makers still look after, and the newest that the package knows.
VERSIONS = ("1.33", kubernetes_validate.latest_version())
OBJECTS = [item for path in sorted(FOLDER.glob("*.yaml")) for item in yaml.safe_load_all(path.read_text())]


def name_of(item: Any) -> str:
    return f"{item['kind']}/{item['metadata']['name']}" if isinstance(item, dict) else str(item)


def pods(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The specification of every pod that an object makes."""
    match item["kind"]:
        case "Deployment":
            yield item["spec"]["template"]["spec"]
        case "CronJob":
            yield item["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def find(kind: str, name: str) -> dict[str, Any]:
    return next(item for item in OBJECTS if name_of(item) == f"{kind}/{name}")


WITH_PODS = [item for item in OBJECTS if list(pods(item))]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("item", OBJECTS, ids=name_of)
def test_every_object_fits_the_schema(item: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(item, version, strict=True)


def test_the_check_finds_a_misspelt_field() -> None:
    wrong = {**find("Deployment", "attune-gateway"), "spec": {"replica": 1}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


@pytest.mark.parametrize("item", WITH_PODS, ids=name_of)
def test_every_pod_runs_without_root_and_with_a_read_only_root(item: dict[str, Any]) -> None:
    for pod in pods(item):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        for container in pod["containers"]:
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] is True
            assert security["allowPrivilegeEscalation"] is False
            assert security["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("item", WITH_PODS, ids=name_of)
def test_volumes_selectors_and_claims_fit_together(item: dict[str, Any]) -> None:
    claims = {other["metadata"]["name"] for other in OBJECTS if other["kind"] == "PersistentVolumeClaim"}
    for pod in pods(item):
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for container in pod["containers"]:
            mounted = {mount["name"] for mount in container["volumeMounts"]}
            assert mounted == set(volumes)
            # What an image writes to must be a volume, as its root file system is read-only.
            assert {"/tmp", "/var/lib/attune"} <= {mount["mountPath"] for mount in container["volumeMounts"]}
        named = {v["persistentVolumeClaim"]["claimName"] for v in volumes.values() if "persistentVolumeClaim" in v}
        assert named <= claims
    if item["kind"] == "Deployment":
        labels = item["spec"]["template"]["metadata"]["labels"]
        assert item["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_a_service_leads_to_a_port_that_its_pods_have() -> None:
    services = [item for item in OBJECTS if item["kind"] == "Service"]
    assert len(services) == 3
    for service in services:
        deployment = find("Deployment", service["metadata"]["name"])
        template = deployment["spec"]["template"]
        assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
        ports = {port["name"] for container in template["spec"]["containers"] for port in container["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


def test_a_rollout_of_gateways_never_has_fewer_than_before_and_drains() -> None:
    spec = find("Deployment", "attune-gateway")["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    pod = spec["template"]["spec"]
    [container] = pod["containers"]
    sleep_s = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] >= sleep_s + 30 + 5  # drain_timeout_s, and what uvicorn takes to end
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"


def test_a_refusal_by_the_gate_is_not_tried_again() -> None:
    job = find("CronJob", "attune-alignment")["spec"]
    assert job["concurrencyPolicy"] == "Forbid"
    [rule] = [rule for rule in job["jobTemplate"]["spec"]["podFailurePolicy"]["rules"] if "onExitCodes" in rule]
    assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailJob", [2, 64])
    [container] = job["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert "--if-new-feedback" in container["command"]


def test_the_engine_is_reached_by_gateway_and_controller_only() -> None:
    policy = find("NetworkPolicy", "attune-engine")["spec"]
    engine = find("Deployment", "attune-engine")["spec"]["template"]["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"].items() <= engine.items()
    [rule] = policy["ingress"]
    [source] = rule["from"]
    allowed = {e["key"].split("/")[1]: set(e["values"]) for e in source["podSelector"]["matchExpressions"]}
    assert allowed == {"name": {"attune"}, "component": {"gateway", "controller"}}


def test_no_secret_stands_in_a_manifest() -> None:
    assert [item for item in OBJECTS if item["kind"] == "Secret"] == []
    for item in WITH_PODS:
        for pod in pods(item):
            for variable in [entry for container in pod["containers"] for entry in container.get("env", ())]:
                if variable["name"].endswith(("_KEY", "_URL")) and variable["name"] != "ATTUNE_GATEWAY_URL":
                    assert "secretKeyRef" in variable["valueFrom"]


@pytest.mark.parametrize("name", ["attune-gateway", "attune-chat"])
def test_each_server_answers_to_the_name_of_its_service(name: str) -> None:
    assert find("Service", name)
    [container] = find("Deployment", name)["spec"]["template"]["spec"]["containers"]
    environment = {variable["name"]: variable.get("value") for variable in container["env"]}
    hosts = AllowedHosts(json.loads(environment["ATTUNE_ALLOWED_HOSTS"]), "0.0.0.0")
    assert hosts.accept(f"{name}:8000")
    assert hosts.accept("10.1.2.3:8000")  # a probe names the pod's address
