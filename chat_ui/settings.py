"""Settings of the chat, read from the environment once, when its process starts.

The chat imports nothing of the rest of Attune, so what follows from the settings of others is derived here: the
gateway's address from `ATTUNE_HOST` and `ATTUNE_PORT`, the files from `ATTUNE_HOME`.
"""

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from http_bounds.settings import BoundSettings

KEY_FILE = "ui.key"
SECRET_FILE = "ui.secret"


def url_at(host: str, port: int | str) -> str:
    """Return the URL by which this machine reaches a server that listens on `host`:`port`.

    Every address of the machine (0.0.0.0, ::) is reached as 127.0.0.1.
    """
    if host in {"0.0.0.0", "::", ""}:
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _gateway_url() -> str:
    return url_at(os.environ.get("ATTUNE_HOST") or "127.0.0.1", os.environ.get("ATTUNE_PORT") or 8000)


def _in_home(name: str) -> Path:
    return Path(os.environ.get("ATTUNE_HOME") or Path.home() / ".attune").expanduser() / name


class ChatUISettings(BoundSettings):
    """Settings of the chat in the browser, from `ATTUNE_*` variables."""

    model_config = SettingsConfigDict(env_prefix="ATTUNE_", frozen=True, extra="ignore")

    gateway_url: str = Field(
        default_factory=_gateway_url,
        description="Address of the gateway, without /v1; by default the one of `host` and `port` of the gateway.",
    )
    ui_host: str = Field(default="127.0.0.1", description="Address on which the chat listens.")
    ui_port: int = Field(default=7860, ge=0, le=65535, description="Port on which the chat listens.")
    ui_key_file: Path = Field(
        default_factory=lambda: _in_home(KEY_FILE),
        description="File with the chat's API key (scopes inference and feedback); by default in `home`.",
    )
    ui_secret_file: Path = Field(
        default_factory=lambda: _in_home(SECRET_FILE),
        description="File with the secret that signs the browsers' cookies, written at the first start; by default in"
        " `home`.",
    )
    ui_answers_per_person: int = Field(
        default=3, ge=1, description="Answers that one browser may have written at once, in all its tabs."
    )
    ui_streams_per_person: int = Field(
        default=32, ge=2, description="Streams that one browser may hold open; a tab needs one or two."
    )
    ui_events_per_minute: int = Field(
        default=600,
        ge=1,
        description="Events (clicks, settings, searches) that one browser may send in the long run; half of them at"
        " once.",
    )
    ui_raters_burst: int = Field(
        default=1, ge=1, description="New browsers of one client that count as raters of their own at once."
    )
    ui_raters_per_day: float = Field(
        default=4, ge=1, description="Raters that one client can make in a day; its other new browsers share the last."
    )
