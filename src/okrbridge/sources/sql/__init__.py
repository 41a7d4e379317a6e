"""Values from databases."""
