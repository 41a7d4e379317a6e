"""The demo: a small fleet, a Prometheus that knows its last 30 days, and okrbridge on top."""
