"""API keys."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from ledger import keys
from ledger.database import Database
from ledger.errors import Impossible, NotFound

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_secret_has_256_random_bits_and_only_its_hash_is_stored(database: Database) -> None:
    with database.write() as connection:
        key, secret = keys.create(connection, name="app", owner="acme", scopes=("inference",))
        assert re.fullmatch(rf"sk-attune-{key.prefix}-[0-9a-f]{{64}}", secret)
        assert keys.list_all(connection) == [key]
    assert secret not in repr(key)
    assert keys.prefix_of(secret) == key.prefix


@pytest.mark.parametrize("wrong", ["", "sk-attune-", "sk-attune-x-y", "\ud800", "\x00", "Bearer"])
def test_only_the_secret_itself_is_accepted(database: Database, wrong: str) -> None:
    with database.write() as connection:
        key, secret = keys.create(connection, name="app", owner="acme", scopes=("inference",))
    assert keys.verify(secret, key)
    assert not keys.verify(wrong, key)
    assert not keys.verify(secret[:-1], key)


def test_revoked_and_expired_keys_are_not_active(database: Database) -> None:
    with database.write() as connection:
        good, _ = keys.create(connection, name="good", owner="acme", scopes=("admin",), now=NOW)
        late, _ = keys.create(
            connection, name="late", owner="acme", scopes=("admin",), expires_at=NOW + timedelta(hours=1), now=NOW
        )
        gone, _ = keys.create(connection, name="gone", owner="acme", scopes=("admin",), now=NOW)
        revoked = keys.revoke(connection, gone.prefix, now=NOW)
        assert {key.name for key in keys.active(connection, NOW)} == {"good", "late"}
        assert keys.active(connection, NOW + timedelta(hours=1)) == [good]
        assert len(keys.list_all(connection)) == 3
    assert late.usable(NOW) and not late.usable(NOW + timedelta(hours=1))
    assert revoked.revoked_at == NOW and not revoked.usable(NOW)


def test_revoking_again_keeps_the_first_time_and_works_by_id(database: Database) -> None:
    with database.write() as connection:
        key, _ = keys.create(connection, name="app", owner="acme", scopes=("admin",))
        keys.revoke(connection, key.id, now=NOW)
        assert keys.revoke(connection, key.prefix, now=NOW + timedelta(days=1)).revoked_at == NOW


def test_unknown_key_scope_or_rate_is_refused(database: Database) -> None:
    with database.write() as connection:
        with pytest.raises(NotFound, match="no key nobody"):
            keys.revoke(connection, "nobody")
        with pytest.raises(Impossible, match="root"):
            keys.create(connection, name="app", owner="acme", scopes=("root",))
        with pytest.raises(Impossible, match="scopes"):
            keys.create(connection, name="app", owner="acme", scopes=())
        with pytest.raises(Impossible, match="rate of 0"):
            keys.create(connection, name="app", owner="acme", scopes=("admin",), requests_per_minute=0)
