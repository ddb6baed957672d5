"""The Ray Serve file: what our docs call its model. Ray has no schema that comes without Ray."""

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def test_the_model_is_called_what_the_docs_call_it() -> None:
    config = yaml.safe_load((ROOT / "deploy" / "ray-serve" / "llm.yaml").read_text())
    [application] = config["applications"]
    assert application["import_path"] == "ray.serve.llm:build_openai_app"
    [model] = application["args"]["llm_configs"]
    loading = model["model_loading_config"]
    said = f"ATTUNE_UPSTREAM_MODEL={loading['model_id']} ATTUNE_UPSTREAM_FOLDER={loading['model_source']} attune up"
    assert said in (ROOT / "docs" / "deployment.md").read_text()
