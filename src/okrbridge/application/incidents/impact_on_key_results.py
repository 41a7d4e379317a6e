"""Which key results an incident touched, and where each stood before it, after it, and stands now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from okrbridge.application.incidents.impact_on_slos import Spent, slo_of
from okrbridge.application.incidents.incident import Incident
from okrbridge.application.measuring.by_event import is_meant
from okrbridge.application.measuring.subjects import cycle_of
from okrbridge.application.ports import ProgressRecords
from okrbridge.application.records import ProgressRecord
from okrbridge.application.reports import Item, finite, progress_row
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult, KeyResultState
from okrbridge.domain.measures import IncidentMeasure
from okrbridge.domain.windows import Grid, Interval

MOST_KEY_RESULTS = 200
"""Key results that are looked up for one incident; those that it names come first, then those of the SLOs it hit."""

_IN_FORCE = (KeyResultState.ACTIVE, KeyResultState.CLOSED)


@dataclass(frozen=True, slots=True)
class Touch:
    """A key result that an incident touched.

    Attributes:
        why: ``event`` when the incident names it, ``incidents`` when it is measured by incidents such as this one,
            ``slo`` when it is measured by an SLO that was counted.
        spent: of that SLO's budget; None without one.
    """

    key_result: KeyResult
    why: Sequence[str]
    spent: Spent | None = None

    @property
    def is_impacted(self) -> bool | None:
        """Whether the incident moves it; None when it is measured by an SLO of which too little is known."""
        if "event" in self.why or "incidents" in self.why:
            return True
        return self.spent.contributed if self.spent else None


def touches(definitions: DefinitionSet, incident: Incident, spent: Sequence[Spent], at: datetime) -> list[Touch]:
    """The key results that an incident touched: those it names, then those that it moves most surely, then by name.

    Args:
        definitions: as the caller sees them.
        incident: the incident.
        spent: what it spent of SLOs' budgets.
        at: until when it is looked at while it lasts.
    """
    by_slo = {one.slo.name: one for one in spent}
    named = set(incident.names("key_results"))
    found: list[Touch] = []
    for one in definitions.key_results:
        own = by_slo.get(slo_of(one, definitions))
        reach = _reach(one, definitions)
        is_counted = isinstance(one.measure, IncidentMeasure) and is_meant(incident.event, one.measure)
        why = [
            *(["event"] if one.id in named else []),
            *(["incidents"] if is_counted and incident.event.start in reach and one.state in _IN_FORCE else []),
            *(["slo"] if own and _lay_in(incident, reach, at) and one.state in _IN_FORCE else []),
        ]
        if why:
            found.append(Touch(one, why, own))
    return sorted(found, key=lambda each: ("event" not in each.why, not each.is_impacted, each.key_result.id))


def _reach(key_result: KeyResult, definitions: DefinitionSet) -> Interval:
    """The time that its values speak of: its period, or as long as it is measured and a window of its own before."""
    over = getattr(key_result.measure, "over", None)
    if over is None:
        return key_result.period
    return Interval(key_result.period.start - over.length, cycle_of(key_result, definitions).measure_until)


def _lay_in(incident: Incident, reach: Interval, at: datetime) -> bool:
    return incident.event.start < reach.end and incident.ended(at) >= reach.start


@dataclass(frozen=True, slots=True)
class Stood:
    """Where a key result stood.

    Attributes:
        since: when the incident began.
        before: its last progress then.
        after: its last progress a tick after the end; while the incident lasts, that of now.
        now: its last progress.
    """

    since: datetime
    before: ProgressRecord | None = None
    after: ProgressRecord | None = None
    now: ProgressRecord | None = None

    @property
    def records(self) -> Sequence[tuple[str, ProgressRecord | None]]:
        """By name, in the order of time."""
        return ("before", self.before), ("after", self.after), ("now", self.now)

    @property
    def reason(self) -> str:
        """Why there is no difference; empty when there is one. A value that was measured before tells nothing."""
        if self.before is None or self.before.value is None:
            return "it had no value when the incident began"
        return "" if self._is_later(self.after) else "it was not measured between the incident's begin and its end"

    def differences(self) -> Item:
        """Value and progress after the incident, and now, less those before; None where one of them is unknown."""
        return {
            "value_delta": self._less_before(self.after, "value"),
            "progress_delta_ratio": self._less_before(self.after, "progress_ratio"),
            "raw_delta_ratio": self._less_before(self.after, "raw_ratio"),
            "value_delta_now": self._less_before(self.now, "value"),
            "progress_delta_now_ratio": self._less_before(self.now, "progress_ratio"),
        }

    def _is_later(self, record: ProgressRecord | None) -> bool:
        return record is not None and record.measured_at is not None and record.measured_at > self.since

    def _less_before(self, record: ProgressRecord | None, name: str) -> float | None:
        if not self._is_later(record):
            return None
        before, after = getattr(self.before, name, None), getattr(record, name)
        return None if before is None or after is None else finite(after - before)


def stood(
    records: ProgressRecords, incident: Incident, names: Sequence[str], grid: Grid, now: datetime
) -> Mapping[str, Stood]:
    """Where key results stood, by id: three questions to the database, however many there are."""
    since, ended = incident.event.start, grid.ceil(incident.ended(now)) + grid.step
    before, newest = records.latest(names, since), records.latest(names, now)
    after = newest if incident.is_open(now) else records.latest(names, ended)
    return {name: Stood(since, before.get(name), after.get(name), newest.get(name)) for name in names}


def touch_item(touch: Touch, stood: Stood, definitions: DefinitionSet) -> Item:
    """What an incident did to one key result, in the form of ``GET /incidents/{incident}``.

    Differences are what changed meanwhile, after less before; the incident need not be the only reason.
    """
    key_result, spent = touch.key_result, touch.spent
    objective = definitions.objective_by_name[key_result.objective]
    return {
        "objective": key_result.objective,
        "key_result": key_result.name,
        "title": key_result.title,
        "cycle": objective.cycle,
        "team": objective.team or None,
        "unit": key_result.unit.symbol,
        "why": list(touch.why),
        "is_impacted": touch.is_impacted,
        "slo": spent.slo.name if spent else None,
        "slo_contributed": spent.contributed if spent else None,
        "budget_spent_ratio": finite(spent.spent_ratio) if spent else None,
        **{name: progress_row(one) if one else None for name, one in stood.records},
        **stood.differences(),
        "reason": stood.reason or None,
    }
