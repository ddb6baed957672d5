"""The owner of all state: schema, migrations and queries."""
