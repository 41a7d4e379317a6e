"""Check-ins: pre-filled from the evidence, so that people add what numbers cannot say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from okrbridge.application.access_ports import Caller
from okrbridge.application.okr_records import CheckIn, CheckInOutput, Event, Finding, JsonValue
from okrbridge.application.refusals import RefusedInputError
from okrbridge.application.reports import Item, finite, rfc3339
from okrbridge.application.snapshot import KeyResultReport
from okrbridge.domain.confidence import colour_of, is_drop
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.measures import ManualMeasure
from okrbridge.domain.pacing import KeyResultStatus

LONGEST_OVERRIDE = timedelta(days=90)
TRADE_OFF = "trade_off"
OWN_SOURCE = "okrbridge"
"""The source of events that okrbridge itself makes; nobody else may send under it."""
DISCUSS = "discuss"
RECENT_CHECK_INS = 20
"""So many of a key result are looked at for what they ask of people."""
RED = (KeyResultStatus.OFF_TRACK, KeyResultStatus.MISSED)


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says; see CheckIn."""

    confidence: int | None = None
    blockers: str = ""
    next_change: str = ""
    output: CheckInOutput = CheckInOutput.NONE
    output_note: str = ""
    slows: str = ""
    override_value: float | None = None
    override_expires_at: datetime | None = None
    withdraw_override: bool = False


def check_in_of(report: KeyResultReport, said: Said, evidence: Item, caller: Caller, at: datetime) -> CheckIn:
    """A check-in with the evidence of its time."""
    return CheckIn(
        id=uuid4().hex,
        key_result=report.key_result.id,
        at=at,
        by=caller.name,
        confidence=said.confidence,
        evidence=evidence,
        blockers=said.blockers,
        next_change=said.next_change,
        output=said.output,
        output_note=said.output_note,
        slows=said.slows,
        override_value=said.override_value,
        override_expires_at=at if said.withdraw_override else said.override_expires_at,
        status=str(report.status),
    )


def refuse_impossible(report: KeyResultReport, said: Said, known: Mapping[str, object], at: datetime) -> None:
    """Let a check-in pass that can be.

    A value stands in for a measured one for a while alone, so that the source is never forgotten; of a manual measure
    it is the value itself, and the measure says when it is stale.

    Args:
        known: key results by id.

    Raises:
        RefusedInputError: with everything that is wrong.
    """
    found: list[tuple[str, str]] = []
    is_manual = isinstance(report.key_result.measure, ManualMeasure)
    expires = said.override_expires_at
    if said.override_value is not None and expires is None and not is_manual:
        found.append(("override_expires_at", "say until when the value stands for the measured one"))
    if expires is not None and said.override_value is None:
        found.append(("override_expires_at", "goes with override_value; remove it, or give the value"))
    if expires is not None and not at < expires <= at + LONGEST_OVERRIDE:
        found.append(("override_expires_at", f"must be in the future, {LONGEST_OVERRIDE.days} days at most"))
    found += _impossible_withdrawal(said, is_manual=is_manual)
    if said.slows and said.output is not CheckInOutput.TRADE_OFF:
        found.append(("slows", "goes with output trade_off"))
    if said.output is CheckInOutput.TRADE_OFF and (said.slows not in known or said.slows == report.key_result.id):
        found.append(("slows", "name the key result that slows down, OBJECTIVE/NAME, another one than this"))
    if said.output is not CheckInOutput.NONE and not said.output_note.strip():
        found.append(("output_note", "say which initiative changes, what slows down, or who is asked for what"))
    if found:
        raise RefusedInputError("check-in", found)


def _impossible_withdrawal(said: Said, *, is_manual: bool) -> Iterator[tuple[str, str]]:
    if said.withdraw_override and is_manual:
        yield "withdraw_override", "there is no measured value behind it; say the right one with override_value"
    elif said.withdraw_override and (said.override_value is not None or said.override_expires_at is not None):
        yield "withdraw_override", "goes without another override; the newer one takes the place of the older by itself"


def withdrawn(said: Said, standing: CheckIn | None, at: datetime) -> CheckIn | None:
    """The override that a check-in withdraws; None when it withdraws none.

    Args:
        standing: the newest check-in that says a value or withdraws one.

    Raises:
        RefusedInputError: no override stands.
    """
    if not said.withdraw_override:
        return None
    if standing is None or not standing.overrides_at(at):
        raise RefusedInputError("check-in", [("withdraw_override", "no override stands now; leave it out")])
    return standing


def evidence_of(report: KeyResultReport, last: CheckIn | None, events: Sequence[Event]) -> Item:
    """What the numbers say, and how they moved since the last check-in.

    Args:
        last: the check-in before; None for the first.
        events: what happened since then.
    """
    progress, forecast = report.progress, report.outlook.forecast
    before = last.evidence if last else {}
    return {
        "value": finite(progress.value),
        "unit": report.key_result.unit.symbol,
        "progress_ratio": finite(progress.progress_ratio),
        "expected_ratio": finite(progress.expected_ratio),
        "gap_ratio": finite(progress.gap_ratio),
        "status": str(report.status),
        "quality": str(report.quality),
        "measured_at": rfc3339(progress.measured_at),
        "forecast_p10": finite(forecast.p10) if forecast else None,
        "forecast_p50": finite(forecast.p50) if forecast else None,
        "forecast_p90": finite(forecast.p90) if forecast else None,
        "hit_probability_ratio": finite(forecast.hit_probability) if forecast else None,
        "value_needed": finite(report.outlook.value_needed),
        "value_change": _change(progress.value, before.get("value")),
        "progress_change_ratio": _change(progress.progress_ratio, before.get("progress_ratio")),
        "since": rfc3339(last.at) if last else None,
        "events": [_event_line(one) for one in events],
    }


def draft_item(report: KeyResultReport, evidence: Item) -> Item:
    """A check-in to fill in: the evidence is there, and two texts remain."""
    return {
        "objective": report.key_result.objective,
        "key_result": report.key_result.name,
        "title": report.key_result.title,
        "evidence": evidence,
        "due_at": rfc3339(report.outlook.check_ins.due_at),
        "is_overdue": report.outlook.check_ins.is_overdue,
        "needs_output": report.status in RED,
        "confidence": report.outlook.check_ins.confidence,
        "blockers": "",
        "next_change": "",
    }


def check_in_item(check_in: CheckIn) -> Item:
    """A check-in in the form in which the API answers it."""
    is_undecided = check_in.status in RED and check_in.output is CheckInOutput.NONE
    confidence = check_in.confidence
    return {
        "id": check_in.id,
        "key_result": check_in.key_result,
        "at": rfc3339(check_in.at),
        "by": check_in.by,
        "confidence": confidence,
        "confidence_colour": None if confidence is None else str(colour_of(confidence)),
        "status": check_in.status or None,
        "evidence": dict(check_in.evidence),
        "blockers": check_in.blockers,
        "next_change": check_in.next_change,
        "output": str(check_in.output),
        "output_note": check_in.output_note,
        "slows": check_in.slows or None,
        "is_without_decision": is_undecided,
        "override_value": finite(check_in.override_value),
        "override_expires_at": rfc3339(check_in.override_expires_at),
        "is_withdrawal": check_in.is_withdrawal,
    }


def to_discuss(report: KeyResultReport, check_ins: Sequence[CheckIn], definitions: DefinitionSet) -> Finding | None:
    """The item that a sharp drop of confidence opens for the owner and the team's champion; None without one.

    It stays open until the next check-in.

    Worked example: 7 and then 4 is a drop of 3: it is talked about.

    Args:
        check_ins: the latest, ascending; those without a confidence stand between no two others.
    """
    previous, current = _last_confidences(check_ins)
    if previous is None or current is None or not is_drop(previous, current):
        return None
    now = check_ins[-1]
    champion = next((team.champion for team in definitions.teams if team.name == report.team), "")
    people = " and ".join(filter(None, (report.owner, champion))) or "its owner"
    message = f"confidence fell from {previous} to {current}: {people} should talk about what changed"
    told: dict[str, JsonValue] = {"from": previous, "to": current, "check_in": now.id, "people": people}
    return Finding(DISCUSS, now.key_result, message, now.at, now.at, told)


def _last_confidences(check_ins: Sequence[CheckIn]) -> tuple[int | None, int | None]:
    """What the last check-in tells, and the one before it that tells any."""
    told = [one.confidence for one in check_ins[:-1] if one.confidence is not None]
    return (told[-1] if told else None), (check_ins[-1].confidence if check_ins else None)


def trade_off_event(check_in: CheckIn) -> Event | None:
    """The trade-off as an event about what slows down, so that both histories have it; None without one."""
    if check_in.output is not CheckInOutput.TRADE_OFF:
        return None
    return Event(
        source=OWN_SOURCE,
        external_id=check_in.id,
        kind=TRADE_OFF,
        start=check_in.at,
        received_at=check_in.at,
        subject=check_in.slows,
        title=f"{check_in.slows} slows down for {check_in.key_result}",
        attributes={"for": check_in.key_result, "note": check_in.output_note, "by": check_in.by},
    )


def slowed_item(event: Event) -> Item:
    """A trade-off as the key result that slows down shows it."""
    return {
        "at": rfc3339(event.start),
        "by": event.attributes.get("by"),
        "in_favour_of": event.attributes.get("for"),
        "note": event.attributes.get("note"),
    }


def _change(now: float | None, before: object) -> float | None:
    return now - before + 0.0 if now is not None and isinstance(before, int | float) else None


def _event_line(event: Event) -> Item:
    return {
        "at": rfc3339(event.start),
        "kind": event.kind,
        "title": event.title or event.kind,
        "url": event.url or None,
    }
