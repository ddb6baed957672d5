"""vLLM's command line and environment."""

import json
from pathlib import Path
from typing import Literal

import pytest

from server.controller import command as command_module
from server.controller.command import adapter_arguments, command, environment, niceness
from server.controller.platform import Platform, cpu_computes_in_bfloat16
from server.controller.settings import STARTER, EngineSettings


def arguments(settings: EngineSettings, platform: Platform) -> list[str]:
    return command(settings, platform, model=Path("/m"), name="attune@v3", socket=Path("/s/engine.sock"))


def test_an_engine_listens_on_its_socket_only_and_serves_the_versions_name() -> None:
    made = arguments(EngineSettings(), "cpu")
    assert made[made.index("--uds") + 1] == "/s/engine.sock"
    assert made[made.index("--served-model-name") + 1] == "attune@v3"
    assert not {"--host", "--port"} & set(made)


@pytest.mark.parametrize(
    ("platform", "asked", "eager"),
    [("cpu", None, True), ("cuda", None, False), ("cpu", False, False), ("cuda", True, True)],
)
def test_eager_is_the_default_on_cpu_only(platform: Platform, asked: bool | None, eager: bool) -> None:
    assert ("--enforce-eager" in arguments(EngineSettings(enforce_eager=asked), platform)) is eager


@pytest.mark.parametrize(
    ("platform", "asked", "inherited", "found"),
    [
        ("cpu", None, {}, "1"),
        ("cpu", False, {}, None),
        ("cuda", None, {}, None),
        ("cpu", None, {"TORCH_COMPILE_DISABLE": "0"}, "0"),
    ],
)
def test_nothing_is_compiled_in_an_eager_engine_on_cpu(
    platform: Platform, asked: bool | None, inherited: dict[str, str], found: str | None
) -> None:
    made = environment(EngineSettings(enforce_eager=asked), platform, inherited)
    assert made.get("TORCH_COMPILE_DISABLE") == found


def test_prompts_stay_whole_on_cpu() -> None:
    assert "--no-enable-chunked-prefill" in arguments(EngineSettings(), "cpu")
    assert "--no-enable-chunked-prefill" not in arguments(EngineSettings(), "cuda")


@pytest.mark.parametrize(
    ("platform", "asked", "found"), [("cpu", None, 5), ("cuda", None, 0), ("cpu", 0, 0), ("cuda", 9, 9)]
)
def test_an_engine_on_cpu_stands_back(platform: Platform, asked: int | None, found: int) -> None:
    assert niceness(EngineSettings(niceness=asked), platform) == found


def test_nothing_that_a_schema_allows_without_end_is_written() -> None:
    made = arguments(EngineSettings(), "cpu")
    chosen = json.loads(made[made.index("--structured-outputs-config") + 1])
    assert chosen == {"backend": "guidance", "disable_any_whitespace": True, "disable_additional_properties": True}


def test_tools_need_a_parser() -> None:
    made = arguments(EngineSettings(), "cpu")
    assert made[made.index("--tool-call-parser") + 1] == "hermes"
    assert "--enable-auto-tool-choice" in made
    assert not {"--tool-call-parser", "--enable-auto-tool-choice"} & set(
        arguments(EngineSettings(tool_call_parser=None), "cpu")
    )


def test_gpu_settings_go_to_the_gpu_only() -> None:
    settings = EngineSettings(tensor_parallel_size=2, kv_cache_gib=7)
    gpu = arguments(settings, "cuda")
    assert gpu[gpu.index("--tensor-parallel-size") + 1] == "2"
    assert "--tensor-parallel-size" not in arguments(settings, "cpu")
    assert "VLLM_TARGET_DEVICE" not in environment(settings, "cuda", {})
    assert environment(settings, "cpu", {})["VLLM_CPU_KVCACHE_SPACE"] == "7"


def test_extra_arguments_stand_last_so_that_they_win() -> None:
    assert arguments(EngineSettings(extra_engine_args=("--seed", "1")), "cpu")[-2:] == ["--seed", "1"]


def test_no_secret_of_ours_and_no_developer_mode_reaches_the_engine() -> None:
    inherited = {
        "ATTUNE_UPSTREAM_API_KEY": "s",
        "ATTUNE_DATABASE_URL": "s",
        "VLLM_SERVER_DEV_MODE": "1",
        "PATH": "/bin",
    }
    made = environment(EngineSettings(), "cpu", inherited)
    assert "s" not in made.values()
    assert "VLLM_SERVER_DEV_MODE" not in made
    assert (made["PATH"], made["VLLM_NO_USAGE_STATS"], made["HF_HUB_DISABLE_TELEMETRY"]) == ("/bin", "1", "1")


@pytest.mark.parametrize(
    ("cpuinfo", "computes"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx512f avx512_bf16 sse\n", True),
        ("flags\t\t: fpu amx_bf16\n", True),
        ("flags\t\t: fpu avx512f avx512_bf16_not\n", False),
        ("model name\t: avx512_bf16\nflags\t\t: fpu avx512f\n", False),
        ("", False),
    ],
)
def test_bfloat16_arithmetic_is_read_from_the_flags_of_the_cpu(tmp_path: Path, cpuinfo: str, computes: bool) -> None:
    (tmp_path / "cpuinfo").write_text(cpuinfo)
    assert cpu_computes_in_bfloat16(tmp_path / "cpuinfo") is computes


def test_a_machine_without_cpuinfo_has_no_bfloat16_arithmetic(tmp_path: Path) -> None:
    assert cpu_computes_in_bfloat16(tmp_path / "cpuinfo") is False


@pytest.mark.parametrize(
    ("asked", "platform", "computes", "given"),
    [
        ("auto", "cpu", True, "bfloat16"),
        ("auto", "cpu", False, "float32"),
        ("auto", "cuda", False, "auto"),
        ("bfloat16", "cpu", False, "bfloat16"),
    ],
)
def test_auto_on_cpu_is_the_format_that_the_cpu_computes_in(
    monkeypatch: pytest.MonkeyPatch, asked: Literal["auto", "bfloat16"], platform: Platform, computes: bool, given: str
) -> None:
    monkeypatch.setattr(command_module, "cpu_computes_in_bfloat16", lambda: computes)
    made = arguments(EngineSettings(dtype=asked), platform)
    assert made[made.index("--dtype") + 1] == given


def test_only_an_engine_that_is_to_load_adapters_can_do_so() -> None:
    settings = EngineSettings(max_lora_rank=16, extra_engine_args=("--max-loras", "9"))
    asked = {"model": Path("/m"), "name": "attune@v3", "socket": Path("/s")}
    made = command(settings, "cpu", **asked, adapters=True)  # type: ignore[arg-type]
    assert made[made.index("--max-lora-rank") + 1] == "16"
    assert made[-2:] == ["--max-loras", "9"]
    assert "--enable-lora" not in arguments(settings, "cpu")
    allowed = "VLLM_ALLOW_RUNTIME_LORA_UPDATING"
    assert environment(settings, "cpu", {}, adapters=True)[allowed] == "1"
    assert allowed not in environment(settings, "cpu", {allowed: "1"})


def test_on_cpu_adapters_change_the_layers_of_the_blocks_only(tmp_path: Path) -> None:
    made = adapter_arguments(STARTER, "cpu")
    assert made[:2] == ["--enable-lora", "--lora-target-modules"]
    assert made[2:] == ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]
    assert adapter_arguments(STARTER, "cuda") == ["--enable-lora"]
    assert adapter_arguments(tmp_path, "cpu") == ["--enable-lora"]


def test_an_engine_beside_another_is_not_bound_to_the_same_cores() -> None:
    binding = "VLLM_CPU_OMP_THREADS_BIND"
    assert binding not in environment(EngineSettings(), "cpu", {})
    assert environment(EngineSettings(), "cpu", {}, beside_another=True)[binding] == "nobind"
    assert environment(EngineSettings(), "cpu", {binding: "1"}, beside_another=True)[binding] == "1"
    assert binding not in environment(EngineSettings(), "cuda", {}, beside_another=True)
