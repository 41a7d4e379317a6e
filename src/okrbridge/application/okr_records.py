"""What is kept of the OKR side: documents made over HTTP, check-ins, events, baselines, scores, findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from okrbridge.domain.scoring import Outcome
from okrbridge.domain.windows import EPOCH, Interval

JsonValue = str | int | float | bool | None | list["JsonValue"] | dict[str, "JsonValue"]


Edition = tuple[str, str, int, datetime]
"""Kind, name, version and last change of a document: another content is always another edition."""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document that was made over HTTP, in the same shape as in a file.

    Attributes:
        content: canonical JSON of the whole document, with apiVersion, kind, metadata and spec.
        version: 1 for the first; grows with each write. The entity tag of HTTP.
    """

    kind: str
    name: str
    content: str
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str

    @property
    def edition(self) -> Edition:
        """Which state of it this is."""
        return self.kind, self.name, self.version, self.updated_at


class CheckInOutput(StrEnum):
    """What a check-in of an off-track key result leaves behind."""

    NONE = "none"
    INITIATIVE_CHANGE = "initiative_change"
    TRADE_OFF = "trade_off"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class CheckIn:
    """What a person says about a key result.

    Attributes:
        id: unique, given by okrbridge.
        confidence: 0 to 10.
        evidence: what the numbers said at that time, filled in by okrbridge.
        blockers: what prevents progress.
        next_change: what will change.
        output_note: the initiative, what slows down, or who is asked for what.
        slows: ``OBJECTIVE/NAME`` of the key result that a trade-off slows; empty for none.
        override_value: stands for the measured value, in the key result's unit, until ``override_expires_at``. For
            a manual measure it is the value itself.
        override_expires_at: without a value: when the override before it was withdrawn.
        status: the status in force when it was said.
    """

    id: str
    key_result: str
    at: datetime
    by: str
    confidence: int | None
    evidence: Mapping[str, JsonValue] = field(default_factory=dict)
    blockers: str = ""
    next_change: str = ""
    output: CheckInOutput = CheckInOutput.NONE
    output_note: str = ""
    slows: str = ""
    override_value: float | None = None
    override_expires_at: datetime | None = None
    status: str = ""

    @property
    def is_withdrawal(self) -> bool:
        """Whether it ended the override before it."""
        return self.override_value is None and self.override_expires_at is not None

    def overrides_at(self, at: datetime) -> bool:
        """Whether its value stands for the measured one at an instant; without an end it never does."""
        return (
            self.override_value is not None and self.override_expires_at is not None and at < self.override_expires_at
        )


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: a deploy, an incident, a sign-up, a survey answer.

    Attributes:
        source: who sent it; without spaces.
        external_id: with the source unique; the same event sent again replaces the first.
        kind: such as ``deploy``, ``incident``, ``signup``; lower-case words with - and _.
        start: when it began, by the clock of the event and not of its arrival.
        end: when it was over, such as an incident restored; None for a moment, and while it lasts.
        detected_at: of an incident.
        subject: whom it is about, such as a user, an account, a repository; empty when that has no meaning.
        attributes: numbers and texts.
        received_at: when it came in.
    """

    source: str
    external_id: str
    kind: str
    start: datetime
    received_at: datetime
    end: datetime | None = None
    detected_at: datetime | None = None
    service: str = ""
    severity: str = ""
    subject: str = ""
    title: str = ""
    url: str = ""
    attributes: Mapping[str, str | float | bool] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Its place in the order of start, source and external id."""
        return f"{(self.start - EPOCH) // timedelta(microseconds=1)} {self.source} {self.external_id}"

    @property
    def whom(self) -> str:
        """Whom it is about; what is about nobody, such as an incident, is named by its own id."""
        return self.subject or self.external_id


def order_of_place(place: str) -> tuple[int, str, str]:
    """Microseconds of the start, source and external id of the event with a place: what events are ordered by."""
    start, source, external_id = place.split(" ", 2)
    return int(start), source, external_id


@dataclass(frozen=True, slots=True)
class FrozenBaseline:
    """A baseline measured once, before a key result started.

    Attributes:
        value: in the key result's unit.
        question: what it was measured by; another question needs another baseline.
        noise: median absolute deviation of the days behind it from their own trend, in the key result's unit; None
            with fewer than 4 days.
    """

    key_result: str
    question: str
    value: float
    window: Interval
    sample_count: float | None
    frozen_at: datetime
    noise: float | None = None


@dataclass(frozen=True, slots=True)
class ScoreRecord:
    """The score of a key result at the close of its cycle, and what became of it.

    Attributes:
        computed: 0..1 as the rule gives it; None for kinds without progress.
        score: the one that stands, a person's or the computed one.
        override_reason: why a person set another one.
        evidence: value, window, query, revision and sample count of the measurement it rests on.
        review: one sentence of a person about the outcome.
        final: the score as measuring goes on after the close; None before the first such measurement.
        significance: the statement with its method; None until there is one.
    """

    key_result: str
    cycle: str
    closed_at: datetime
    closed_by: str
    computed: float | None
    score: float | None
    outcome: Outcome
    evidence: Mapping[str, JsonValue] = field(default_factory=dict)
    override_reason: str = ""
    review: str = ""
    final: float | None = None
    final_at: datetime | None = None
    significance: Mapping[str, JsonValue] | None = None


class FindingState(StrEnum):
    """Whether a finding still stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that okrbridge noticed about the definitions or the data.

    Attributes:
        code: a lint code or F1 to F7.
        subject: what it is about: ``OBJECTIVE/NAME``, ``objective:NAME``, ``team:NAME``, ``indicator:NAME``.
        message: what is wrong, and the remedy.
        note: why a person accepted it.
    """

    code: str
    subject: str
    message: str
    first_seen: datetime
    last_seen: datetime
    evidence: Mapping[str, JsonValue] = field(default_factory=dict)
    state: FindingState = FindingState.OPEN
    note: str = ""
    by: str = ""
