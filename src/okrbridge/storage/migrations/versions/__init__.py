"""One module a schema version; Alembic finds them by their ``revision``."""
