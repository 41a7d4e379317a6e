"""What the ledger may forget."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.fakes.bench import MIDDLE, Bench
from tests.fakes.definitions import API, CYCLE, START, definitions, key_result, slo, uptime

from okrbridge.application.ports import Ledger
from okrbridge.application.records import Evaluation
from okrbridge.application.retention import Retention
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import BaselineFromHistory, KeyResult, KeyResultKind, Operator
from okrbridge.domain.maintenance import MaintenanceWindow
from okrbridge.domain.measures import Measure, SloMeasure
from okrbridge.domain.objectives import Indicator
from okrbridge.domain.sli import CompositeMode, Member, Sli, SliKind
from okrbridge.domain.slo import Budgeting, Slo, TimeSlices
from okrbridge.domain.units import RATIO
from okrbridge.domain.windows import CalendarUnit, CalendarWindow, Interval, RollingWindow

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
KEPT = MIDDLE - 31 * DAY
"""30 days and the margin."""
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
QUARTER = CalendarWindow(CalendarUnit.QUARTER, "UTC", datetime(2026, 1, 1))  # noqa: DTZ001 - a wall clock has no zone


def retention(declared: DefinitionSet) -> Retention:
    return Retention(Bench().parts, declared)


def of_slo(declared: Slo) -> DefinitionSet:
    return definitions(slos=(declared,))


def quarterly(**overrides) -> Slo:
    """An SLO of the quarter that began on January the first; the middle is 45 days later."""
    return replace(slo(), window=QUARTER, **overrides)


SLICED = TimeSlices(timedelta(minutes=1), 0.9)
ALL = Sli("all", "", "", kind=SliKind.COMPOSITE, members=(Member(API, 0.9),), mode=CompositeMode.ALL)
HALF = timedelta(hours=5, minutes=30)
"""India is so far ahead of UTC, so its quarter begins inside an hour."""


def held(over: timedelta | None, **changes: Any) -> KeyResult:
    """An SLO that is to be kept all the time, in windows of a length."""
    measure = SloMeasure("api-availability", over=RollingWindow(over) if over else None)
    given: dict[str, Any] = {"kind": KeyResultKind.MAINTAIN, "operator": Operator.GE, "baseline": None}
    return key_result("held", measure, **(given | changes))


def from_history(measure: Measure = SloMeasure("api-availability"), **changes: Any) -> KeyResult:  # noqa: B008 - frozen
    """A key result whose baseline is measured over the 60 days before its start."""
    return key_result("better", measure, baseline=None, baseline_from=BaselineFromHistory(60 * DAY), **changes)


def indicator(over: timedelta | None) -> Indicator:
    """An SLO as a standing metric."""
    measure = SloMeasure("api-availability", over=RollingWindow(over) if over else None)
    return Indicator("uptime", "Uptime", measure, RATIO)


@pytest.mark.parametrize(
    ("declared", "slices_before"),
    [
        (of_slo(slo(days=7)), KEPT),
        (of_slo(slo(days=90)), MIDDLE - 91 * DAY),
        (of_slo(quarterly()), KEPT),
        (of_slo(quarterly(budgeting=Budgeting.TIMESLICES, time_slices=SLICED)), JANUARY - DAY),
        (of_slo(quarterly(sli=ALL)), JANUARY - DAY),
        (of_slo(replace(quarterly(), window=replace(QUARTER, zone="Asia/Kolkata"))), JANUARY - HALF - DAY),
        (replace(of_slo(quarterly()), maintenance=(MaintenanceWindow("patching"),)), JANUARY - DAY),
        (replace(of_slo(quarterly()), maintenance=(MaintenanceWindow("x", is_excluded=False),)), KEPT),
        (replace(of_slo(quarterly()), maintenance=(MaintenanceWindow("x", services=frozenset({"web"})),)), KEPT),
        # The cycle began on January the first, on a whole hour.
        (definitions(uptime()), KEPT),
        (
            definitions(key_result("long", SloMeasure("api-availability", over=RollingWindow(40 * DAY)))),
            MIDDLE - 41 * DAY,
        ),
        # Kept for 90 minutes each time, counted from the start on: every other window ends inside an hour.
        (definitions(held(1.5 * HOUR)), START - DAY),
        (definitions(held(2 * HOUR)), KEPT),
        (definitions(held(None, qualifying=(Interval(START + HOUR / 2, START + HOUR),))), START - DAY),
        # A baseline of 60 days before the start, of a service with maintenance: its hours say too little.
        (
            replace(definitions(from_history()), maintenance=(MaintenanceWindow("patching"),)),
            START - 61 * DAY,
        ),
        (definitions(from_history()), KEPT),
        (replace(definitions(), indicators=(indicator(45 * DAY),)), MIDDLE - 46 * DAY),
    ],
)
def test_slices_are_kept_as_long_as_something_needs_them(declared: DefinitionSet, slices_before: datetime):
    assert retention(declared).slices_before(MIDDLE) == slices_before


def test_sums_of_hours_are_kept_thirteen_months_or_as_long_as_a_window_needs():
    assert retention(of_slo(slo())).hours_before(MIDDLE) == MIDDLE - 397 * DAY
    assert retention(of_slo(slo(days=730))).hours_before(MIDDLE) == MIDDLE - 731 * DAY


def test_the_cycle_so_far_is_kept_whatever_the_setting_says():
    parts = replace(Bench().parts, keep_slices=3 * DAY, keep_hours=3 * DAY)
    declared = definitions(uptime(), slos=(slo(days=7),))
    assert Retention(parts, declared).hours_before(MIDDLE) == START - DAY
    assert Retention(parts, declared).slices_before(MIDDLE) == MIDDLE - 8 * DAY


def test_sums_of_hours_are_kept_for_baselines_that_are_still_to_come():
    parts = replace(Bench().parts, keep_slices=3 * DAY, keep_hours=3 * DAY)
    declared = definitions(from_history(), slos=(slo(days=7),))
    assert Retention(parts, declared).hours_before(START - 10 * DAY) == START - 61 * DAY
    # Once measuring has ended nothing but the SLO's own window is needed.
    ended = CYCLE.measure_until + DAY
    assert Retention(parts, declared).hours_before(ended) == ended - 8 * DAY


def test_what_ticks_said_of_themselves_is_kept_as_long_as_every_measurement():
    bench = Bench()
    with bench.parts.storage.transaction() as database:
        for days in (6, 8):
            at = MIDDLE - days * DAY
            database.evaluations.save(Evaluation(f"{days} days old", at, at, at, slices_written=1))
    assert Retention(bench.parts, of_slo(slo())).run(MIDDLE) == 1
    with bench.parts.storage.reading() as database:
        latest = database.evaluations.latest()
    assert latest is not None
    assert latest.id == "6 days old"


def test_it_runs_once_an_hour(monkeypatch):
    bench = Bench()
    asked: list[tuple[datetime, datetime]] = []

    def expire(_ledger: Ledger, slices_before: datetime, hours_before: datetime) -> int:
        asked.append((slices_before, hours_before))
        return 0

    with bench.parts.storage.reading() as database:
        monkeypatch.setattr(type(database.ledger), "expire", expire)
    runs = Retention(bench.parts, of_slo(slo(days=7)))
    for minutes in (0, 1, 59, 60, 61):
        runs.run(MIDDLE + timedelta(minutes=minutes))
    assert asked == [(MIDDLE + after - 31 * DAY, MIDDLE + after - 397 * DAY) for after in (timedelta(0), HOUR)]
