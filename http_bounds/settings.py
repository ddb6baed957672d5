"""The settings that every HTTP server of ours has: what one client may take of it, and by which names it is called."""

from ipaddress import ip_network

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class BoundSettings(BaseSettings):
    """Bounds on connections and requests, in seconds and bytes, and the names of the server."""

    model_config = SettingsConfigDict(env_prefix="ATTUNE_", env_ignore_empty=True, frozen=True)

    allowed_hosts: tuple[str, ...] = Field(
        default=(),
        description="Names that a Host header may give besides localhost, this machine's name and all addresses, as a"
        ' JSON list such as ["chat.example.com", "*.corp.example"]; "*" stands for any name.',
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="Addresses and networks of reverse proxies, as a JSON list: their X-Forwarded-For and -Proto are"
        " believed, and they may open any number of connections.",
    )
    max_connections: int = Field(default=2048, ge=1, description="Connections that may be open at once.")
    max_connections_per_client: int = Field(
        default=256,
        ge=1,
        description="Connections that one address (of IPv6: one /56) but this machine's own may have open at once.",
    )
    max_header_bytes: int = Field(default=16 * 1024, ge=1024, description="Longest headers of a request, all together.")
    head_timeout_s: float = Field(default=10, gt=0, description="How long a client may take to send its headers.")
    body_timeout_s: float = Field(default=30, gt=0, description="How long a client may take to send its request.")
    max_held_body_bytes: int = Field(
        default=64 * 2**20, ge=1, description="Bytes of bodies, all clients together, that may wait for their end."
    )
    keep_alive_timeout_s: int = Field(
        default=5, ge=1, description="How long a connection may stay open between requests."
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what is neither an address nor a network."""
        for proxy in proxies:
            ip_network(proxy)
        return proxies
