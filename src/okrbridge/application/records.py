"""What is kept of each evaluation: measurements, progress, the evaluation itself, revisions of definitions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from okrbridge.application.okr_records import JsonValue
from okrbridge.domain.pacing import KeyResultStatus, SteadyStatus
from okrbridge.domain.windows import Interval

_FROM_HISTORY = "history-"


class Quality(StrEnum):
    """How good a measurement is."""

    OK = "ok"
    PARTIAL = "partial"
    """Measured, with part of its window unknown."""
    STALE = "stale"
    """The newest data is older than the look-back."""
    NO_DATA = "no_data"
    """The source answered that there is nothing."""
    ERROR = "error"
    """The source did not answer."""
    INSUFFICIENT_SAMPLES = "insufficient_samples"
    """Fewer samples than the key result asks for."""
    TOO_EARLY = "too_early"
    """Too little of the period has passed to say anything."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """A key result's value at an instant.

    Attributes:
        key_result: ``OBJECTIVE/NAME``.
        at: the evaluation's slice boundary.
        window: what the value speaks of.
        value: in the key result's unit; None unless quality is ok or partial.
        sample_count: events or slices behind the value, where known.
        error: why there is no value, for people.
        query: what was asked.
        evaluation_id: the evaluation that measured it.
        is_filled: whether the window's history was asked for; until then it is too early for a status. Not stored.
        details: what people want to see beside the value: the members that miss a share, the worst of several, a
            run rate. Numbers, texts and lists of them.
    """

    key_result: str
    at: datetime
    window: Interval
    value: float | None
    quality: Quality
    sample_count: float | None = None
    coverage_ratio: float | None = None
    error: str = ""
    query: str = ""
    evaluation_id: str = ""
    is_filled: bool = True
    details: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProgressRecord:
    """A key result's progress at an instant, from its last good value.

    Attributes:
        measured_at: instant of the measurement the value is from.
        status: with its candidate, so that hysteresis survives a restart.
    """

    key_result: str
    at: datetime
    value: float | None
    raw_ratio: float | None
    progress_ratio: float | None
    expected_ratio: float
    gap_ratio: float | None
    status: SteadyStatus
    quality: Quality
    measured_at: datetime | None
    evaluation_id: str = ""

    @property
    def shown(self) -> KeyResultStatus:
        """The status in force."""
        return self.status.shown

    @property
    def is_backfilled(self) -> bool:
        """Whether it was measured afterwards, from history, and not by the tick of its instant."""
        return self.evaluation_id.startswith(_FROM_HISTORY)


class TracePoint(NamedTuple):
    """What tells one record of a key result from its neighbours.

    Attributes:
        value: as it was measured; None for an attempt without one.
        status, quality: as they are written.
    """

    at: datetime
    value: float | None
    status: str
    quality: str


def history_evaluation_id() -> str:
    """A new id for measurements of a past instant; it tells them from those that a tick made at its time."""
    return f"{_FROM_HISTORY}{uuid.uuid4().hex}"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One tick.

    Attributes:
        id: unique; every number made by the tick carries it.
        at: the slice boundary evaluated.
        failures: message by SLI key or key result id.
    """

    id: str
    at: datetime
    started_at: datetime
    finished_at: datetime
    slices_written: int
    failures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DefinitionRevision:
    """One state of a declared document.

    Attributes:
        number: 1 for the first.
        content: canonical JSON; None when the document was retired.
        origin: ``file`` or ``http``.
    """

    kind: str
    name: str
    number: int
    content: str | None
    origin: str
    at: datetime
