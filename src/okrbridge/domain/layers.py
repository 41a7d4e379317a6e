"""The ten layers of a system that a key result can be about, each with what is usually measured there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of a system.

    Attributes:
        slis: what is usually measured there, the most telling first.
    """

    title: str
    slis: tuple[str, ...]


LAYERS: Mapping[str, Layer] = {
    "L1": Layer("edge", ("successful probes", "cache hit ratio", "TLS handshake time")),
    "L2": Layer("service", ("request success rate", "p95 latency", "saturation")),
    "L3": Layer("application", ("conversion of sessions", "feature adoption", "client errors")),
    "L4": Layer("data", ("data freshness", "completeness", "failed pipeline runs")),
    "L5": Layer("cloud", ("cost per unit of work", "instance health", "quota headroom")),
    "L6": Layer("Kubernetes", ("pods that are ready", "restarts", "rollout success")),
    "L7": Layer("serverless", ("cold start ratio", "duration", "throttled calls")),
    "L8": Layer("CI/CD", ("build success", "deploy frequency", "lead time for changes")),
    "L9": Layer("incident response", ("time to restore", "time to detect", "alerts to act on in a shift")),
    "L10": Layer("security", ("vulnerability age", "open critical vulnerabilities", "repositories scanned")),
}
"""Layers by the name that documents use as ``layer``."""
