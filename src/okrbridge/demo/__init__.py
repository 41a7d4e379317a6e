"""The demo: a small fleet, a Prometheus that knows its last 46 days, and okrbridge on top."""
