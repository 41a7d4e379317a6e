"""okrbridge's own logs, traces and metrics."""
