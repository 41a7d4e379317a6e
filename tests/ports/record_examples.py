"""Measurements, progress, evaluations and documents to write tests with."""

from typing import Any

from tests.ports.ledger_examples import at, minutes

from okrbridge.application.records import Evaluation, Measurement, ProgressRecord, Quality
from okrbridge.domain.definition_set import DeclaredDocument
from okrbridge.domain.pacing import KeyResultStatus, SteadyStatus

UPTIME, LATENCY = "rock-solid-api/uptime", "rock-solid-api/p99-latency"


def measurement(minute: float, value: float | None = 0.9991, *, key_result: str = UPTIME, **other: Any) -> Measurement:
    return Measurement(
        key_result=key_result,
        at=at(minute),
        window=minutes(minute - 60, minute),
        value=value,
        quality=Quality.OK if value is not None else Quality.ERROR,
        **other,
    )


def progress(minute: float, value: float | None = 0.9991, *, key_result: str = UPTIME, **other: Any) -> ProgressRecord:
    fields: dict[str, Any] = {
        "raw_ratio": 0.4,
        "progress_ratio": 0.4,
        "expected_ratio": 0.5,
        "gap_ratio": 0.1,
        "status": SteadyStatus(KeyResultStatus.AT_RISK),
        "quality": Quality.OK,
        "measured_at": at(minute),
        **other,
    }
    return ProgressRecord(key_result=key_result, at=at(minute), value=value, **fields)


def evaluation(number: int, minute: float, **other: Any) -> Evaluation:
    started_at, finished_at = at(minute + 0.2), at(minute + 0.3)
    return Evaluation(f"e{number}", at(minute), started_at, finished_at, slices_written=7, **other)


def document(name: str, content: str, kind: str = "SLO") -> DeclaredDocument:
    return DeclaredDocument(kind=kind, name=name, content=content, place="slo.yaml:1")
