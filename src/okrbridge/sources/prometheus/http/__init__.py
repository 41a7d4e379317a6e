"""Asking a Prometheus over HTTP: connections, retries, and reading its answers."""
