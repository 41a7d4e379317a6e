"""A small fleet that exists only as a function of time, and a source that reads it."""
