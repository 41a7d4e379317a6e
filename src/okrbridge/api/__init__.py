"""The HTTP API: reads the last snapshot and the database, starts no work."""
