"""Reading an engine's log: stages and causes, from lines that vLLM 0.32 really wrote."""

from pathlib import Path

import pytest

from server.controller.startup import FIRST_STAGE, StartupLog, diagnose, stages

STARTED = """\
(APIServer pid=1) INFO 11-23 14:03:42 [api_utils.py:347]  ▄▄ ▄█ █     █     █ ▀▄▀ █  version 0.32.0
(APIServer pid=1) WARNING 11-23 14:03:42 [vllm.py:1703] Enforce eager set, disabling torch.compile, CUDAGraphs, and JIT
(EngineCore pid=2) INFO 11-23 14:05:00 [core.py:133] Initializing a V1 LLM engine (v0.32.0) with config: model='/m'
(Worker pid=3) INFO 11-23 14:05:44 [cpu_model_runner.py:68] Starting to load model /m...
(Worker pid=3) INFO 11-23 14:05:44 [default_loader.py:501] Loading weights took 0.05 seconds
(EngineCore pid=2) INFO 11-23 14:05:45 [kv_cache_utils.py:2327] CPU KV cache size: 174,720 tokens
(APIServer pid=1) INFO 11-23 14:05:46 [entry.py:136] Supported tasks: ['generate']
INFO:     Application startup complete.
"""


def test_the_stages_of_a_start_come_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    path.write_text("")
    log, reached = StartupLog(path), [FIRST_STAGE]
    with path.open("a") as file:
        for line in STARTED.splitlines(keepends=True):
            file.write(line)
            file.flush()
            reached.append(log.read())
    order = list(dict.fromkeys(reached))
    assert order == [stage for stage in stages() if stage in order]
    assert order[0] == FIRST_STAGE
    assert order[-1] == "ready to answer"
    assert "compiling" not in order
    assert len(order) == 8


def test_a_stage_never_goes_back(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    path.write_text(STARTED)
    log = StartupLog(path)
    assert log.read() == "ready to answer"
    with path.open("a") as file:
        file.write("Starting to load model /m...\n")
    assert log.read() == "ready to answer"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("entry.py: error: unrecognized arguments: --no-such-thing 3", "--no-such-thing"),
        (
            "  Value error, User-specified max_model_len (999999) is greater than the derived max_model_len "
            "(max_position_embeddings=2048.0 or model_max_length=None in model's config.json).",
            "ATTUNE_MAX_MODEL_LEN",
        ),
        (
            "  Value error, The checkpoint you are trying to load has model type `lama9` but Transformers does not "
            "recognize this architecture.",
            "lama9",
        ),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 GiB.", "not enough memory"),
        ("ValueError: No available memory for the cache blocks.", "ATTUNE_KV_CACHE_GIB"),
        (
            "ValueError: To serve at least one request with the max seq len (32768), 3.50 GiB KV cache is needed, "
            "which is larger than the available KV cache memory (1.00 GiB).",
            "ATTUNE_KV_CACHE_GIB",
        ),
        (
            "safetensors_rust.SafetensorError: Error while deserializing header: incomplete metadata",
            "weights is damaged",
        ),
        ("OSError: [Errno 98] Address already in use", "taken by another process"),
        ("OSError: AF_UNIX path too long", "ATTUNE_HOME"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("RuntimeError: No CUDA GPUs are available", "nvidia-smi"),
        ("ModuleNotFoundError: No module named 'torchvision'", "torchvision"),
    ],
)
def test_a_known_cause_becomes_a_sentence_that_says_what_to_do(line: str, words: str) -> None:
    consequences = "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}"
    sentence = diagnose(f"Traceback (most recent call last):\n{line}\n{consequences}\n", 1)
    assert words in sentence
    assert "\n" not in sentence


def test_an_unknown_cause_is_quoted_from_the_log_and_not_its_consequence() -> None:
    log = "KeyError: 'added_tokens'\nRuntimeError: Engine core initialization failed. See root cause above.\n"
    assert diagnose(log, 1) == "The engine ended with KeyError: 'added_tokens'."


def test_a_kill_from_outside_is_recognised_by_the_status() -> None:
    assert "killed from outside" in diagnose("", 137)


def test_a_silent_end_still_gives_a_sentence() -> None:
    assert diagnose("", 3) == "The engine ended with exit status 3."
    assert diagnose("", None) == "The engine did not become ready."
