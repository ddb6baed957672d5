"""The command line and environment that vLLM's OpenAI server is started with."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from server.controller.model import linear_layers
from server.controller.platform import Platform, cpu_computes_in_bfloat16
from server.controller.settings import EngineSettings

# The module that `vllm.entrypoints.openai.api_server` now forwards to. vLLM's own command fails with the CPU build.
SERVER = "vllm.entrypoints.launchers.api_server.entry"
# Live, canary and the version before, and one that still drains.
_MAX_LORAS = 4


# xgrammar, vLLM's first choice, compiles ordinary lengths for seconds and hostile ones for minutes (decision 18). White
# space that JSON allows without end is left out, and so are properties that a schema neither names nor speaks of, as
# xgrammar leaves them out: small models write both until their tokens run out.
_STRUCTURED_OUTPUTS = '{"backend": "guidance", "disable_any_whitespace": true, "disable_additional_properties": true}'


def command(
    settings: EngineSettings, platform: Platform, *, model: Path, name: str, socket: Path, adapters: bool = False
) -> list[str]:
    """The arguments of the engine.

    Args:
        settings: How it is to run.
        platform: What it runs on.
        model: Folder of the model.
        name: Under which it is served, such as `attune@v1`.
        socket: Unix socket that it listens on.
        adapters: Whether it is to load adapters while it runs.
    """
    arguments = [sys.executable, "-m", SERVER, "--model", str(model), "--served-model-name", name, "--uds", str(socket)]
    arguments += ["--disable-uvicorn-access-log", "--max-num-seqs", str(settings.max_num_seqs)]
    # The gateway gives requests of those who have least at the engine the lowest number, which goes first.
    arguments += ["--scheduling-policy", "priority"]
    arguments += ["--dtype", engine_dtype(settings, platform)]
    if settings.max_model_len is not None:
        arguments += ["--max-model-len", str(settings.max_model_len)]
    if _eager(settings, platform):
        arguments.append("--enforce-eager")
    arguments += ["--structured-outputs-config", _STRUCTURED_OUTPUTS]
    if settings.tool_call_parser is not None:
        arguments += ["--enable-auto-tool-choice", "--tool-call-parser", settings.tool_call_parser]
    if adapters:
        arguments += ["--max-loras", str(_MAX_LORAS), "--max-lora-rank", str(settings.max_lora_rank)]
        arguments += adapter_arguments(model, platform)
    if platform == "cpu":
        # Whole prompts only: vLLM's CPU build dies when a prompt with a seed is cut (docs/decisions/0007).
        arguments.append("--no-enable-chunked-prefill")
    else:
        arguments += ["--gpu-memory-utilization", str(settings.gpu_memory_utilization)]
        arguments += ["--tensor-parallel-size", str(settings.tensor_parallel_size)]
    return arguments + list(settings.extra_engine_args)


def adapter_arguments(model: Path, platform: Platform) -> list[str]:
    """Lets an engine serve adapters over a model in a folder.

    On CPU adapters may change the layers of the blocks only. If they may change the head too, vLLM's CPU build dies as
    soon as one request of a step wants log-probabilities of its prompt, as a probe does, and another does not
    (docs/decisions/0013).
    """
    arguments = ["--enable-lora"]
    if platform == "cpu" and (layers := linear_layers(model)):
        arguments += ["--lora-target-modules", *layers]
    return arguments


def environment(
    settings: EngineSettings,
    platform: Platform,
    inherited: Mapping[str, str] = os.environ,
    *,
    adapters: bool = False,
    beside_another: bool = False,
) -> dict[str, str]:
    """The engine's environment: what is inherited, less our own settings and secrets, plus vLLM's.

    Args:
        settings: How it is to run.
        platform: What it runs on.
        inherited: What it starts from.
        adapters: Whether it is to load adapters while it runs. Nobody but us reaches the route for it.
        beside_another: Whether another engine runs on this machine already.
    """
    kept = {key: value for key, value in inherited.items() if not key.startswith("ATTUNE_")}
    # vLLM's reload endpoints for developers must never be served; and without cached bytecode its three processes
    # would each compile thousands of modules at every start.
    for dropped in ("VLLM_SERVER_DEV_MODE", "VLLM_ALLOW_RUNTIME_LORA_UPDATING", "PYTHONDONTWRITEBYTECODE"):
        kept.pop(dropped, None)
    kept |= {
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_OFFLINE": "1",  # The model is a folder by now; nothing is left to fetch.
        "VLLM_MAX_N_SEQUENCES": str(settings.max_choices),
        # Demanded calls become a JSON schema, and not a tag that only xgrammar reads (docs/decisions/0018).
        "VLLM_ENFORCE_STRICT_TOOL_CALLING": "0",
        "VLLM_LOGGING_COLOR": "0",
        "PYTHONUNBUFFERED": "1",
    }
    kept.setdefault("VLLM_LOGGING_CONFIG_PATH", str(Path(__file__).with_name("engine_logging.json")))
    if adapters:
        kept["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] = "1"
    if platform == "cpu":
        kept |= {"VLLM_TARGET_DEVICE": "cpu", "VLLM_CPU_KVCACHE_SPACE": str(settings.kv_cache_gib)}
        if _eager(settings, platform):
            # --enforce-eager leaves the ranks of log-probabilities compiled: the first request for some would stop all
            # others for the time that g++ takes, and would end the engine where there is none (docs/decisions/0016).
            kept.setdefault("TORCH_COMPILE_DISABLE", "1")
        if beside_another:
            # vLLM binds every engine to the same cores, where a second one would starve beside one that computes.
            kept.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")
            kept["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) - 1))
    return kept


def _eager(settings: EngineSettings, platform: Platform) -> bool:
    return settings.enforce_eager if settings.enforce_eager is not None else platform == "cpu"


def niceness(settings: EngineSettings, platform: Platform) -> int:
    """How far the engine stands back for others on the CPU, as in nice(2): on a CPU it would take all of it."""
    if settings.niceness is not None:
        return settings.niceness
    return 5 if platform == "cpu" else 0


def engine_dtype(settings: EngineSettings, platform: Platform) -> str:
    """What `auto` means on CPU: the format that the CPU computes in. vLLM's own auto is that of the checkpoint.

    Without arithmetic for it, bfloat16 is slower (figures in docs/operations.md).
    """
    if settings.dtype != "auto" or platform != "cpu":
        return settings.dtype
    return "bfloat16" if cpu_computes_in_bfloat16() else "float32"
