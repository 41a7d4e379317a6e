"""From measures to values: what is asked, what is read, and what becomes of it."""
