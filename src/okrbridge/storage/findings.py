"""Findings in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from okrbridge.application.okr_records import Finding, FindingState
from okrbridge.storage.okr_tables import findings
from okrbridge.storage.upsert import upsert
from okrbridge.storage.values import from_microseconds, storable, storable_json, to_microseconds


@dataclass(frozen=True, slots=True)
class SqlFindingRecords:
    """The port ``FindingRecords`` inside one transaction."""

    connection: Connection

    def all(self) -> list[Finding]:
        """Every finding, by code and subject."""
        rows = self.connection.execute(select(findings)).all()
        return sorted(map(_finding, rows), key=lambda one: (one.code, one.subject))

    def save(self, found: Sequence[Finding]) -> None:
        """Store, idempotent on (code, subject)."""
        upsert(self.connection, findings, list(map(_row, found)))


def _row(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "subject": storable(finding.subject),
        "message": storable(finding.message),
        "first_seen_us": to_microseconds(finding.first_seen),
        "last_seen_us": to_microseconds(finding.last_seen),
        "evidence": storable_json(finding.evidence),
        "state": finding.state.value,
        "note": storable(finding.note),
        "by": storable(finding.by),
    }


def _finding(row: Row[Any]) -> Finding:
    return Finding(
        code=row.code,
        subject=row.subject,
        message=row.message,
        first_seen=from_microseconds(row.first_seen_us),
        last_seen=from_microseconds(row.last_seen_us),
        evidence=row.evidence,
        state=FindingState(row.state),
        note=row.note,
        by=row.by,
    )
