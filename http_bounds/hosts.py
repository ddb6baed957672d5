"""Which names a request may call the server by: the cure of DNS rebinding.

A foreign page can make its own name point to this server's address, and a browser then sends that page's requests here
as if they were its own. They carry the foreign name in `Host`. An address in `Host` cannot be pointed anywhere else, so
every address is accepted; names are accepted if they are ours.
"""

import re
import socket
from collections.abc import Sequence
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from http_bounds.refusal import Refusal

_HOST = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\s:/@\[\]]+)(?::[0-9]{0,5})?")


class AllowedHosts:
    """The names of a server."""

    def __init__(self, allowed_hosts: Sequence[str], listening_on: str) -> None:
        """Takes the setting.

        Args:
            allowed_hosts: Names; `*.example.com` for every name below one, `*` for any name.
            listening_on: The name or address that the server listens on.
        """
        own = {"localhost", socket.gethostname().lower(), listening_on.lower()}
        listed = {name.lower().rstrip(".") for name in allowed_hosts}
        self._any = "*" in listed
        self._names = own | listed
        self._suffixes = (".localhost", *(name[1:] for name in listed if name.startswith("*.")))

    def accept(self, host: str) -> bool:
        """Whether a request may name this host, with or without a port."""
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = found["host"].strip("[]").lower().rstrip(".")
        if self._any or name in self._names or name.endswith(self._suffixes):
            return True
        try:
            ip_address(name)
        except ValueError:
            return False
        return True


class HostMiddleware:
    """Refuses requests for a name that is not ours, in `Host` or in a proxy's `X-Forwarded-Host`."""

    def __init__(self, app: ASGIApp, hosts: AllowedHosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal.response if refusal else self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Refusal | None:
        headers = Headers(scope=scope)
        named = headers.getlist("host")
        if len(named) > 1 or (not named and scope.get("http_version") != "1.0"):
            return Refusal(400, f"The request has {len(named)} Host headers; it needs one.", "invalid_host")
        forwarded = [part.strip() for value in headers.getlist("x-forwarded-host") for part in value.split(",")]
        for host in (*named, *forwarded):
            if not self._hosts.accept(host):
                message = (
                    f"This server is not called {host[:200]!r}. If it should be, whoever runs it adds the name to"
                    " ATTUNE_ALLOWED_HOSTS; otherwise use its address."
                )
                return Refusal(421, message, "unknown_host")
        return None
