"""Settings of the chat, read from the environment once, when its process starts."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from http_bounds.settings import BoundSettings


class ChatUISettings(BoundSettings):
    """Settings of the chat in the browser, from `ATTUNE_*` variables."""

    model_config = SettingsConfigDict(env_prefix="ATTUNE_", frozen=True, extra="ignore")

    gateway_url: str = Field(default="http://127.0.0.1:8000", description="Address of the gateway, without /v1.")
    ui_host: str = Field(default="127.0.0.1", description="Address on which the chat listens.")
    ui_port: int = Field(default=7860, ge=0, le=65535, description="Port on which the chat listens.")
    ui_key_file: Path = Field(
        default_factory=lambda: Path.home() / ".attune" / "ui.key",
        description="File with the chat's API key (scopes inference and feedback).",
    )
    ui_secret_file: Path = Field(
        default_factory=lambda: Path.home() / ".attune" / "ui.secret",
        description="File with the secret that signs the browsers' cookies; written at the first start.",
    )
    ui_answers_per_person: int = Field(
        default=3, ge=1, description="Answers that one browser may have written at once, in all its tabs."
    )
    ui_streams_per_person: int = Field(
        default=32, ge=2, description="Streams that one browser may hold open; a tab needs one or two."
    )
    ui_raters_burst: int = Field(
        default=1, ge=1, description="New browsers of one client that count as raters of their own at once."
    )
    ui_raters_per_day: float = Field(
        default=4, ge=1, description="Raters that one client can make in a day; its other new browsers share the last."
    )
