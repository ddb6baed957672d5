"""How many connections one client may have."""

import pytest

from http_bounds.connections import Connections
from http_bounds.settings import BoundSettings


@pytest.mark.parametrize(
    ("one", "another", "same"),
    [
        ("203.0.113.5", "203.0.113.5", True),
        ("203.0.113.5", "203.0.113.6", False),
        ("2001:db8:0:1::1", "2001:db8:0:2::9", True),  # one customer's network
        ("2001:db8:0:100::1", "2001:db8:0:200::1", False),
        ("127.0.0.1", "127.0.0.1", False),  # programs of this machine connect for many people
        ("::1", "::1", False),
        (None, None, False),
        ("10.0.0.7", "10.0.0.7", False),  # a trusted proxy
    ],
)
def test_who_counts_as_one_client(one: str | None, another: str | None, same: bool) -> None:
    connections = Connections(100, 1, ("10.0.0.0/24",))
    assert connections.enter(one) is None
    refusal = connections.enter(another)
    assert (refusal is not None and refusal.status == 429) is same


def test_a_connection_that_ended_makes_room() -> None:
    connections = Connections(1, 1, ())
    for _ in range(3):
        assert connections.enter("203.0.113.5") is None
        refusal = connections.enter("203.0.113.6")
        assert refusal is not None and refusal.status == 503
        connections.leave("203.0.113.5")


def test_a_proxy_that_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="trusted_proxies"):
        BoundSettings(trusted_proxies=("proxy.example",))
