"""okrbridge: the bridge from service telemetry to company goals."""

__version__ = "0.2.0"
