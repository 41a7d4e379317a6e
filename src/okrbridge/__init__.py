"""okrbridge: the bridge from service telemetry to company goals."""

__version__ = "0.3.0"
