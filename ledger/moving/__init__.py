"""Moving a whole ledger into another database: SQLite to PostgreSQL, and back."""
