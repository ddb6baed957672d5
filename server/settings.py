"""Settings of the gateway: `ATTUNE_*` variables, or `[gateway]` in `attune.toml`."""

from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from http_bounds.settings import BoundSettings
from ledger.settings import AttuneSettings


class GatewaySettings(AttuneSettings, BoundSettings):
    """How the gateway listens, and what it bounds. Times are in seconds, sizes in bytes."""

    section: ClassVar[str] = "gateway"

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 takes any that is free.")
    max_concurrent: int = Field(
        default=192,
        ge=1,
        description="Answers that the engines may generate at once: a request asks for prompts times n.",
    )
    reserved_concurrent: int | None = Field(
        default=None,
        ge=0,
        description="Further answers, for keys that have at most a quarter of these at the engines; by default a third "
        "of max_concurrent.",
    )
    max_sequences: int = Field(default=64, ge=1, description="Answers that one request may ask for: prompts times n.")
    max_queue: int = Field(default=256, ge=0, description="Requests that may wait for a place.")
    queue_timeout_s: float = Field(default=0.8, gt=0, description="How long a request waits for a place at most.")
    compile_timeout_s: float = Field(
        default=5, gt=0, description="How long a request waits at most until its JSON schema may be compiled."
    )
    request_timeout_s: float = Field(default=600, gt=0, description="How long one answer may take in all.")
    drain_timeout_s: int = Field(default=30, ge=0, description="How long running answers may take after SIGTERM.")
    poll_interval_s: float = Field(
        default=0.5, gt=0, description="How often engines, keys and deployment are read from the ledger."
    )
    max_body_bytes: int = Field(default=2**20, ge=1, description="Longest request body.")
    max_json_depth: int = Field(default=32, ge=1, description="How deep lists and objects in a request may nest.")
    max_answer_bytes: int = Field(
        default=64 * 2**20, ge=2**20, description="Longest answer that is kept in memory until it is recorded."
    )
    rate_limit_storage: str = Field(
        default="async+memory://",
        description="Where requests per minute are counted, as a storage URI of the library `limits`.",
    )
    user_requests_per_minute: int = Field(
        default=600,
        ge=0,
        description="Requests a minute that one key may send for one user of the header X-Attune-User; 0 for any.",
    )
    upstream_api_key: SecretStr | None = Field(
        default=None, description="Key for engines at http:// and https:// addresses."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="What is logged.")

    @property
    def reserved(self) -> int:
        """Answers that are kept for keys with few."""
        return self.max_concurrent // 3 if self.reserved_concurrent is None else self.reserved_concurrent
