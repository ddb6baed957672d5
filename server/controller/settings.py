"""Settings of the controller and the engine that it runs: `ATTUNE_*` variables, or `[engine]` in `attune.toml`."""

from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from ledger.settings import AttuneSettings

STARTER = Path(__file__).resolve().parents[2] / "models" / "starter"


class EngineSettings(AttuneSettings):
    """Which engine runs, and how it is watched. Times are in seconds, memory in GiB."""

    section: ClassVar[str] = "engine"

    model: str = Field(
        default=str(STARTER), description="What to serve: a folder, or a model's id on the Hugging Face hub."
    )
    upstream: str | None = Field(
        default=None,
        pattern=r"^https?://[^,\s]+(\s*,\s*https?://[^,\s]+)*$",
        description="Address of an OpenAI-compatible server to use instead of an own engine, such as "
        "http://127.0.0.1:8001/v1; several that serve the same model with commas between.",
    )
    upstream_model: str | None = Field(
        default=None,
        description="Which of the upstream's models to use; by default the first that it lists. Several upstreams "
        "need it.",
    )
    upstream_folder: Path | None = Field(
        default=None,
        description="Folder with the files of the upstream's model, in Hugging Face's layout: what `attune align run` "
        "trains from, and where the control tokens stand.",
    )
    upstream_home: str | None = Field(
        default=None,
        description="Under which path the upstreams see ATTUNE_HOME, where the adapters lie; by default the same.",
    )
    upstream_api_key: SecretStr | None = Field(default=None, description="Key for the upstream.")
    max_model_len: int | None = Field(
        default=None,
        ge=16,
        description="Longest prompt and answer together, in tokens; by default the model's own limit.",
    )
    kv_cache_gib: int = Field(default=1, ge=1, description="Memory for the key-value cache on CPU.")
    gpu_memory_utilization: float = Field(
        default=0.9, gt=0, le=1, description="Share of each GPU's memory that the engine may take."
    )
    tensor_parallel_size: int = Field(default=1, ge=1, description="How many GPUs one engine spans.")
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field(
        default="auto",
        description="Number format of the weights; auto is the model's own on a GPU, and on CPU bfloat16 if the CPU "
        "computes in it, else float32.",
    )
    enforce_eager: bool | None = Field(
        default=None,
        description="Start sooner, without torch.compile and CUDA graphs; by default yes on CPU and no on a GPU.",
    )
    tool_call_parser: str | None = Field(
        default="hermes",
        description="How the model writes tool calls, by vLLM's name: hermes for ChatML models such as Qwen's,"
        " llama3_json for Llama's; null refuses requests with tools.",
    )
    niceness: int | None = Field(
        default=None,
        ge=0,
        le=19,
        description="How far the engine stands back for other processes on the CPU, as in nice(2); by default 5 on CPU,"
        " so that gateway and chat are not kept waiting, and 0 on a GPU.",
    )
    max_num_seqs: int = Field(default=256, ge=1, description="How many answers the engine generates at once.")
    max_choices: int = Field(default=8, ge=1, description="Highest `n` that the engine accepts.")
    extra_engine_args: tuple[str, ...] = Field(
        default=(), description='More arguments for vLLM, as a JSON list such as ["--quantization", "fp8"].'
    )
    start_timeout_s: float = Field(default=600, gt=0, description="An engine that is not ready by then has failed.")
    stall_timeout_s: float = Field(
        default=25, gt=0, description="An engine without a new token or an answered probe for so long hangs."
    )
    busy_timeout_s: float = Field(
        default=120,
        gt=0,
        description="The same for one whose processes compute all the time, as while they compile a JSON schema.",
    )
    starved_timeout_s: float = Field(
        default=300,
        gt=0,
        description="The same while the machine stands still for want of memory or of its disk, or the controller was "
        "held up itself.",
    )
    stop_timeout_s: float = Field(
        default=15, gt=0, description="How long an engine may take to stop before it is killed."
    )
    watch_interval_s: float = Field(
        default=0.5, gt=0, description="How often the engine's processes and desired state are looked at."
    )
    adapter_form: Literal["auto", "merged", "loaded"] = Field(
        default="auto",
        description="How an adapter is served: merged into its base model, by an engine of its own; or loaded by the "
        "base model's running engine. auto is merged on CPU, where loaded computes more slowly, and loaded on a GPU.",
    )
    max_lora_rank: Literal[8, 16, 32, 64, 128, 256, 320, 512] = Field(
        default=64,
        description="Highest rank of an adapter that is loaded; one that comes from several runs has the sum.",
    )
    keep_former_s: float = Field(
        default=3600, ge=0, description="How long the version before a promotion is kept ready for a rollback."
    )
    retire_timeout_s: float = Field(
        default=600, gt=0, description="How long running answers of a version that was taken away may take."
    )

    @property
    def upstreams(self) -> tuple[str, ...]:
        """The addresses in `upstream`, without the trailing `/v1` which people give because `openai` wants it."""
        parts = (part.strip() for part in (self.upstream or "").split(","))
        return tuple(dict.fromkeys(part.rstrip("/").removesuffix("/v1") for part in parts if part))

    @model_validator(mode="after")
    def _several_upstreams_name_their_model(self) -> Self:
        if len(self.upstreams) > 1 and self.upstream_model is None:
            raise ValueError("several upstreams: set upstream_model, the name under which all of them serve the model")
        return self
