"""What people state about a key result: that it is done, or which zone it is in."""

from __future__ import annotations

from datetime import datetime

from okrbridge.domain.error_budget import NOISE
from okrbridge.domain.key_results import KeyResult, KeyResultKind

ZONES = {"fail": 0.0, "commit": 0.3, "target": 0.7, "stretch": 1.0}
"""Zones of an ordinal key result with the progress at which each begins; the points of the puzzle OKR tool."""


def zone_value(zone: str) -> float:
    """Progress that a zone stands for, 0..1: ``commit`` is 0.3.

    Raises:
        ValueError: no such zone.
    """
    if zone not in ZONES:
        raise ValueError(f"{zone!r} is no zone; write one of {', '.join(ZONES)}")
    return ZONES[zone]


def zone_at(progress_ratio: float) -> str:
    """The zone that a progress is in: 0.69 is still ``commit``, 0.7 is ``target``."""
    reached = [zone for zone, start in ZONES.items() if progress_ratio >= start - NOISE]
    return reached[-1] if reached else "fail"


def stated_value(key_result: KeyResult, at: datetime) -> float | None:
    """The value 0..1 that people state for a binary, a milestone or an ordinal; None where they state nothing.

    A milestone is reached only with evidence, and from the instant that the evidence names.
    """
    if key_result.kind is KeyResultKind.ORDINAL:
        return zone_value(key_result.zone) if key_result.zone else None
    if key_result.kind is KeyResultKind.MILESTONE:
        evidence = None if key_result.done is False else key_result.evidence
        return 1.0 if evidence is not None and evidence.reached_at <= at else 0.0
    if key_result.kind is KeyResultKind.BINARY and key_result.done is not None:
        return float(key_result.done)
    return None
