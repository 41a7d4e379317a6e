"""Values from tables in files."""
