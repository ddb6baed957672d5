"""Migrations: complete, safe to run at once, and honest about newer databases."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from ledger.database import Database
from ledger.schema import metadata


def test_migrations_make_exactly_the_tables_of_the_schema(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
