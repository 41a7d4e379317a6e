"""Prometheus, and what speaks its query API: Thanos, Mimir, VictoriaMetrics."""
