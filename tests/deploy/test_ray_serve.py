"""The Ray Serve file: what our docs call its model. Ray has no schema that comes without Ray."""

import yaml

from benchmarks.ray_serve import for_this_machine
from server.controller.settings import STARTER, EngineSettings
from tests.processes import ROOT


def test_the_model_is_called_what_the_docs_call_it() -> None:
    config = yaml.safe_load((ROOT / "deploy" / "ray-serve" / "llm.yaml").read_text())
    [application] = config["applications"]
    assert application["import_path"] == "ray.serve.llm:build_openai_app"
    [model] = application["args"]["llm_configs"]
    loading = model["model_loading_config"]
    said = f"ATTUNE_UPSTREAM_MODEL={loading['model_id']} ATTUNE_UPSTREAM_FOLDER={loading['model_source']} attune up"
    assert said in (ROOT / "docs" / "deployment.md").read_text()


def test_the_benchmark_runs_the_file_with_another_model_and_nothing_else_changed() -> None:
    text = (ROOT / "deploy" / "ray-serve" / "llm.yaml").read_text()
    ours, run = yaml.safe_load(text), yaml.safe_load(for_this_machine(text, EngineSettings(), "cuda"))
    [[model], [changed]] = [document["applications"][0]["args"]["llm_configs"] for document in (ours, run)]
    assert changed["model_loading_config"].pop("model_source") == str(STARTER)
    model["model_loading_config"].pop("model_source")
    assert run == ours
    on_cpu = yaml.safe_load(for_this_machine(text, EngineSettings(), "cpu"))
    assert on_cpu["applications"][0]["args"]["llm_configs"][0]["accelerator_config"] == {"kind": "cpu"}
