"""A telemetry that remembers what it was told."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from okrbridge.application.ports import Attribute, Span
from okrbridge.errors import SourceFailureReason


class _NoSpan:
    def set_attribute(self, key: str, value: Attribute) -> None:
        """Forget it."""

    def record_exception(self, exception: Exception) -> None:
        """Forget it."""


@dataclass
class RememberingTelemetry:
    """Keeps names and counts."""

    spans: list[str] = field(default_factory=list)
    ticks: list[bool] = field(default_factory=list)
    failures: list[tuple[str, SourceFailureReason]] = field(default_factory=list)

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, Attribute] | None = None) -> Iterator[Span]:
        """Remember the name."""
        del attributes
        self.spans.append(name)
        yield _NoSpan()

    def tick_finished(self, *, duration: Mapping[str, float], lateness: float, succeeded: bool) -> None:
        """Remember the outcome."""
        del duration, lateness
        self.ticks.append(succeeded)

    def source_failed(self, source: str, reason: SourceFailureReason) -> None:
        """Remember the failure."""
        self.failures.append((source, reason))

    def reloaded(self, *, succeeded: bool, at: datetime) -> None:
        """Forget it."""
