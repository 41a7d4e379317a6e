"""The database schema's versions, and the runner that applies them."""
