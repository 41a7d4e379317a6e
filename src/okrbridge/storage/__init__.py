"""Where the ledger, the records and the revisions are kept: SQLite, PostgreSQL, and memory for tests."""
