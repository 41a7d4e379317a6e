"""Indicators, findings and signals as the API answers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from okrbridge.application.known_mistakes import MISTAKE_BY_CODE
from okrbridge.application.okr_records import CheckIn, CheckInOutput, Finding
from okrbridge.application.records import ProgressRecord
from okrbridge.application.reports import Item, finite, rfc3339
from okrbridge.application.snapshot import KeyResultReport, Snapshot
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.objectives import Indicator, Initiative, InitiativeState
from okrbridge.domain.pacing import KeyResultStatus

RED = (KeyResultStatus.OFF_TRACK, KeyResultStatus.MISSED)


def indicator_row(record: ProgressRecord) -> Item:
    """A value of an indicator's one continuous history."""
    return {
        "time": rfc3339(record.at),
        "value": finite(record.value),
        "is_healthy": None if record.value is None else record.shown is KeyResultStatus.ON_TRACK,
        "quality": str(record.quality),
        "measured_at": rfc3339(record.measured_at),
    }


def target_segments(indicator: Indicator, definitions: DefinitionSet) -> list[Item]:
    """What key results wanted of an indicator, and when, ascending; cycle after cycle over one history."""
    moving = [one for one in definitions.key_results if one.indicator == indicator.name]
    return [
        {
            "key_result": one.id,
            "title": one.title,
            "from": rfc3339(one.period.start),
            "to": rfc3339(one.period.end),
            "baseline": finite(one.baseline),
            "target": finite(one.target),
            "unit": one.unit.symbol,
        }
        for one in sorted(moving, key=lambda one: (one.period.start, one.id))
    ]


def finding_item(finding: Finding) -> Item:
    """A finding in the form of ``GET /findings``."""
    return {
        "code": finding.code,
        "mistake": MISTAKE_BY_CODE.get(finding.code),
        "subject": finding.subject,
        "message": finding.message,
        "state": str(finding.state),
        "first_seen": rfc3339(finding.first_seen),
        "last_seen": rfc3339(finding.last_seen),
        "evidence": dict(finding.evidence),
        "note": finding.note or None,
        "by": finding.by or None,
    }


def signals(snapshot: Snapshot, definitions: DefinitionSet, said: Mapping[str, Sequence[CheckIn]], cycle: str) -> Item:
    """What tells whether a cycle is steered: work stopped on evidence, decisions, check-ins that are missing.

    Args:
        said: check-ins by key result.
    """
    own = [one for one in snapshot.key_results if one.cycle.name == cycle]
    check_ins = [check_in for one in own for check_in in said.get(one.key_result.id, ())]
    stopped = [one for one in definitions.initiatives if _is_stopped(one, own)]
    return {
        "cycle": cycle,
        "stopped_initiatives_count": len(stopped),
        "stopped_initiatives": [_stopped_item(one) for one in stopped],
        "check_ins_count": len(check_ins),
        "without_decision_count": sum(_is_undecided(one) for one in check_ins),
        "outputs": {str(output): sum(one.output is output for one in check_ins) for output in CheckInOutput},
        "overdue": [one.key_result.id for one in own if one.outlook.check_ins.is_overdue],
        "stalled": [one.key_result.id for one in own if one.outlook.is_stalled],
        "divergent": [one.key_result.id for one in own if one.outlook.is_divergent],
    }


def _is_stopped(initiative: Initiative, reports: Sequence[KeyResultReport]) -> bool:
    moved = {one.key_result.id for one in reports}
    return initiative.state is InitiativeState.STOPPED and not moved.isdisjoint(initiative.key_results)


def _stopped_item(initiative: Initiative) -> Item:
    return {
        "initiative": initiative.name,
        "title": initiative.title,
        "reason": initiative.stopped_reason or None,
        "at": rfc3339(initiative.stopped_at),
        "key_results": list(initiative.key_results),
    }


def _is_undecided(check_in: CheckIn) -> bool:
    return check_in.status in RED and check_in.output is CheckInOutput.NONE
