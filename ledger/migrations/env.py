"""Alembic runs this file for every command; `ledger.migrations.upgrade` hands it the connection to work on."""

from alembic import context

from ledger.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
# The caller's transaction commits, so that the lock it holds covers the commit too.
context.run_migrations()
