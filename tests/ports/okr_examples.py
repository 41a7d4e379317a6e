"""Check-ins, events, scores and the like to write tests with."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.ports.ledger_examples import at, minutes
from tests.ports.record_examples import UPTIME

from okrbridge.application.okr_records import (
    CheckIn,
    CheckInOutput,
    Event,
    Finding,
    FindingState,
    FrozenBaseline,
    ScoreRecord,
    StoredDocument,
)
from okrbridge.domain.scoring import Outcome

DOCUMENT = StoredDocument("Team", "backend", '{"kind":"Team"}', 1, at(0), "maria", at(0), "maria")
BASELINE = FrozenBaseline(UPTIME, "slo/api", 0.992, minutes(-90, 0), 1234.5, at(0), 0.0003)
FINDING = Finding(
    "F1", UPTIME, "no series since Monday", at(0), at(5), {"since": "Monday", "series": 0}, FindingState.ACCEPTED,
    "known", "jonas",
)  # fmt: skip


def check_in(minute: float, confidence: int | None = 7, *, key_result: str = UPTIME, **other: Any) -> CheckIn:
    return CheckIn(f"c{minute}", key_result, at(minute), "maria", confidence, **other)


FULL_CHECK_IN = check_in(
    0, 4, evidence={"value": 0.991, "missing": ["a", "b"], "status": None}, blockers="the „old“ database",
    next_change="move it", output=CheckInOutput.TRADE_OFF, output_note="slower releases", slows="ship/faster",
    override_value=0.995, override_expires_at=at(30), status="off_track",
)  # fmt: skip


def event(minute: float, kind: str = "deploy", **other: Any) -> Event:
    return Event("ci", f"{kind}-{minute}", kind, at(minute), at(minute + 1), **other)


FULL_EVENT = event(
    0, "incident", end=at(20), detected_at=at(5), service="api", severity="sev1", subject="api-7", title="Down",
    url="https://incidents.example/7", attributes={"lines": 12.0, "rolled_back": True, "by": "bot"},
)  # fmt: skip


def score(key_result: str = UPTIME, cycle: str = "2026-q1", **other: Any) -> ScoreRecord:
    return ScoreRecord(key_result, cycle, at(0), "maria", 0.7389, 0.7, Outcome.PARTIAL, **other)


FULL_SCORE = score(
    evidence={"value": 0.9975, "samples": 12000.0, "query": "slo/api"}, override_reason="a holiday", review="Good.",
    final=1.0, final_at=at(60) + timedelta(days=30), significance={"test": "permutation", "p": 0.01, "n": [12, 13]},
)  # fmt: skip


def second_version(document: StoredDocument) -> StoredDocument:
    return replace(document, version=2, content='{"kind":"Team","spec":{}}', updated_at=at(9), updated_by="jonas")
