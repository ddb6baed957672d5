"""How many connections are open: in all, and of each client."""

import resource
from collections import Counter
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from http_bounds.refusal import Refusal

_FILES_WANTED = 65_536
_FILES_KEPT = 128  # for the ledger, logs and sockets that listen
_FILES_PER_CONNECTION = 2  # one request may need a connection of ours to the next server
_CLIENT_PREFIX_V6 = 56  # what one customer of a provider is given at least


class Connections:
    """Counts open connections and refuses those beyond the bounds.

    Proxies and programs of this machine, such as the chat, connect for many people: only the total bounds them.
    """

    def __init__(self, most: int, most_per_client: int, trusted_proxies: Sequence[str]) -> None:
        """Sets the bounds.

        Args:
            most: In all.
            most_per_client: Of one IPv4 address or one IPv6 /56.
            trusted_proxies: Addresses and networks.
        """
        self._most = most
        self._most_per_client = most_per_client
        self._trusted = [ip_network(proxy) for proxy in trusted_proxies]
        self._open: Counter[str] = Counter()
        self._total = 0

    def enter(self, address: str | None) -> Refusal | None:
        """Counts a new connection.

        Args:
            address: Of the client; None for a unix socket.

        Returns:
            None, or why the connection is refused; then it is not counted.
        """
        client = _client(address)
        if self._total >= self._most:
            return Refusal(503, f"{self._total} connections are open, as many as allowed.", "too_many_connections")
        if self._open[client] >= self._most_per_client and not self._is_trusted(address):
            message = f"{self._open[client]} connections from your address are open, as many as allowed. Close some."
            return Refusal(429, message, "too_many_connections")
        self._open[client] += 1
        self._total += 1
        return None

    def leave(self, address: str | None) -> None:
        """Counts the end of a connection that was let in."""
        client = _client(address)
        self._total -= 1
        self._open[client] -= 1
        if not self._open[client]:
            del self._open[client]

    def _is_trusted(self, address: str | None) -> bool:
        parsed = _parsed(address)
        return parsed is None or parsed.is_loopback or any(parsed in network for network in self._trusted)


def raise_open_files_limit() -> int:
    """Lets this process open as many files as it may, up to 65,536.

    Returns:
        How many connections fit into that.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, _FILES_WANTED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    files = _FILES_WANTED if soft == resource.RLIM_INFINITY else soft
    return max(1, (files - _FILES_KEPT) // _FILES_PER_CONNECTION)


def _parsed(address: str | None) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address or "")
    except ValueError:
        return None


def _client(address: str | None) -> str:
    """What is counted as one client."""
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(ip_network((parsed, _CLIENT_PREFIX_V6), strict=False))
    return address or ""
