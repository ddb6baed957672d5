"""Reading an engine's log: how far its start has come, and why it failed."""

import re
from dataclasses import dataclass
from pathlib import Path

# What vLLM 0.32 writes when a stage begins, in the order of a start.
_STAGES = (
    ("version 0.", "reading the model's configuration"),
    ("Initializing a V1 LLM engine", "starting the engine's processes"),
    ("Starting to load model", "loading the weights"),
    ("Loading weights took", "measuring memory"),
    ("Warming up model for the compilation", "compiling"),
    ("Dynamo bytecode transform", "compiling"),
    ("KV cache size", "warming up"),
    ("Capturing CUDA graphs", "capturing CUDA graphs"),
    ("Supported tasks", "opening the socket"),
    ("Application startup complete", "ready to answer"),
)
FIRST_STAGE = "importing vLLM"

# What a failed start leaves in the log, and what to do about it. The first that matches is taken, so the causes stand
# before the consequences.
_CAUSES: tuple[tuple[str, str], ...] = (
    (r"unrecognized arguments: (?P<what>.+)", "vLLM does not know the arguments {what}: see ATTUNE_EXTRA_ENGINE_ARGS."),
    (
        r"Model architectures? (?P<what>\[.*?\]) (?:are|is) not supported",
        "vLLM does not know the model's architecture {what}.",
    ),
    (
        r"model type `(?P<what>[^`]+)` but Transformers does not recognize this architecture",
        "The model's type {what} is unknown to the installed transformers.",
    ),
    (
        r"max_model_len[= (]*(?P<what>\d+)\)? is greater than the derived max_model_len",
        "max_model_len {what} is more than the model was made for: lower ATTUNE_MAX_MODEL_LEN or leave it out.",
    ),
    (
        r"(?:larger than the available KV cache memory|No available memory for the cache blocks|"
        r"Not enough memory.*KV cache|Available KV cache memory.*insufficient)",
        "There is too little memory for the key-value cache: raise ATTUNE_KV_CACHE_GIB (on a GPU "
        "ATTUNE_GPU_MEMORY_UTILIZATION), or lower ATTUNE_MAX_MODEL_LEN.",
    ),
    (
        r"(?:Free memory on device|CUDA out of memory|OutOfMemoryError|MemoryError|Cannot allocate memory|"
        r"DefaultCPUAllocator: can't allocate|not enough memory|larger than the available CPU memory)",
        "There is not enough memory for this model: free some, lower ATTUNE_KV_CACHE_GIB or ATTUNE_MAX_MODEL_LEN, or "
        "take a smaller model.",
    ),
    (
        r"(?:SafetensorError|Error while deserializing|HeaderTooLarge|InvalidHeader)",
        "A file of the weights is damaged: fetch it again.",
    ),
    (r"Address already in use", "The engine's address is taken by another process: stop that one."),
    (r"AF_UNIX path too long", "The engine's socket path is too long: choose a shorter ATTUNE_HOME."),
    (r"No space left on device", "The disk is full: make room under ATTUNE_HOME and the temporary folder."),
    (
        r"(?:No CUDA GPUs are available|Found no NVIDIA driver|CUDA driver version is insufficient)",
        "There is no usable GPU: check nvidia-smi, or install the CPU build (make up TARGET=cpu).",
    ),
    (r"(?:Can't load tokenizer|Couldn't instantiate the backend tokenizer)", "The model's tokenizer cannot be loaded."),
    (
        r"ModuleNotFoundError: (?P<what>.+)",
        "The installation is incomplete ({what}): run `make clean`, then `make up`.",
    ),
)
_EXCEPTION = re.compile(r"(?:^|\s)([A-Z]\w*(?:Error|Exception)): (.+)")
# These say only that another process failed.
_GENERIC = (
    "EngineCore failed",
    "Engine core initialization failed",
    "WorkerProc initialization failed",
    "root cause",
)


@dataclass(slots=True)
class StartupLog:
    """Follows an engine's log while it starts.

    Attributes:
        path: The log.
        stage: What the engine is doing, in a few words.
    """

    path: Path
    stage: str = FIRST_STAGE
    _offset: int = 0

    def read(self) -> str:
        """Reads what was written since the last call, and returns the stage that is reached."""
        with self.path.open("rb") as file:
            file.seek(self._offset)
            new = file.read()
        self._offset += len(new)
        text = new.decode(errors="replace")
        reached = [stage for sign, stage in _STAGES if sign in text]
        if reached:
            self.stage = max((self.stage, reached[-1]), key=_rank)
        return self.stage


def stages() -> list[str]:
    """All stages of a start, in their order."""
    return list(dict.fromkeys([FIRST_STAGE, *(stage for _, stage in _STAGES)]))


def diagnose(log: str, status: int | None) -> str:
    """Why a start failed, as one sentence that says what to do.

    Args:
        log: What the engine wrote.
        status: Exit status as a shell gives it; None if it was killed because it took too long.
    """
    for pattern, sentence in _CAUSES:
        if match := re.search(pattern, log):
            what = match.groupdict().get("what") or match.group(0)
            return sentence.format(what=what.strip()[:200])
    if status == 137:
        return "The engine was killed from outside, most likely by the kernel for want of memory: take a smaller model."
    errors = [f"{kind}: {text.strip()}" for kind, text in _EXCEPTION.findall(log)]
    telling = [error for error in errors if not any(words in error for words in _GENERIC)]
    if telling:
        return f"The engine ended with {telling[-1][:300].rstrip('.')}."
    return f"The engine ended with exit status {status}." if status is not None else "The engine did not become ready."


def _rank(stage: str) -> int:
    return stages().index(stage)
