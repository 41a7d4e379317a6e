"""What is left of measurements and progress when they are old, and that what is read from them stays the same."""

import dataclasses
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.bench import Bench
from tests.unit.api.snapshots import ERRORS, LATENCY
from tests.unit.application.cycle_story import objective, record_of

from okrbridge.application.cycles.evidence import RED
from okrbridge.application.cycles.guard_time import guard_compliance
from okrbridge.application.daily_progress import INSTANT, daily_progress
from okrbridge.application.measuring.compliance import compliance_to_date
from okrbridge.application.measuring.projecting import sample_instants
from okrbridge.application.parts import Parts
from okrbridge.application.ports import Transaction
from okrbridge.application.records import Measurement, ProgressRecord, Quality
from okrbridge.application.thinning import MOST_RECORDS, MOST_TRANSACTIONS, Cuts, Thinning, cuts_by_name
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult, KeyResultKind
from okrbridge.domain.measures import PromqlMeasure
from okrbridge.domain.objectives import Indicator
from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.units import RATIO
from okrbridge.domain.windows import Grid, Interval

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# In India the day begins at 18:30 UTC.
START = datetime(2026, 1, 1, 18, 30, tzinfo=UTC)
END = START + 5 * DAY
CYCLE = Cycle("2026-q1", Interval(START, END), "Asia/Kolkata", "weekly", measure_until=END + DAY)
LATER = END + 4 * DAY
"""When all of the cycle is old enough to be thinned to two a day."""

GUARD = dataclasses.replace(ERRORS, period=CYCLE.interval)
GUARDED = dataclasses.replace(LATENCY, period=CYCLE.interval, guards=(GUARD.id,))
KEPT_UP = dataclasses.replace(GUARD, name="kept-up", kind=KeyResultKind.MAINTAIN)
DEFINITIONS = DefinitionSet(cycles=(CYCLE,), objectives=(objective(GUARDED, GUARD, KEPT_UP),))

OF_A_DAY = ["18:30", "18:31", "17:59", "18:00", "18:01", "18:29"]
"""What is left of a quiet day: the edges of the cycle's day, and of the hour that it begins in."""

Point = tuple[datetime, float | None, KeyResultStatus]


def parts(**changes: Any) -> Parts:
    return dataclasses.replace(Bench().parts, **{"keep_records": DAY, "keep_record_hours": 2 * DAY} | changes)


def store(own: Parts, key_result: KeyResult, points: Sequence[Point]) -> None:
    measured: list[Measurement] = []
    records: list[ProgressRecord] = []
    for when, value, status in points:
        quality = Quality.OK if value is not None else Quality.NO_DATA
        measured.append(Measurement(key_result.id, when, Interval(START, when), value, quality))
        records.append(record_of(key_result, when, value, status, quality))
    with own.storage.transaction() as transaction:
        transaction.progress.save(measured, records)


def thinned(own: Parts, at: datetime = LATER, definitions: DefinitionSet = DEFINITIONS) -> int:
    """Run until nothing is left to do; returns how many records went."""
    thinning, removed = Thinning(own, definitions), 0
    while thinning._nothing_until != [until for _, until in thinning.due(at)]:
        removed += thinning.run(at)
    return removed


def minutes(count: int, start: datetime = START, value: float = 0.01) -> list[Point]:
    return [(start + MINUTE * place, value, KeyResultStatus.ON_TRACK) for place in range(count)]


def left(own: Parts, key_result: KeyResult = GUARD) -> list[str]:
    """Times of day of the records that are left."""
    with own.storage.reading() as database:
        kept = database.progress.history(key_result.id, Interval(START - DAY, LATER), 100_000)
        measured = database.progress.measured(key_result.id, Interval(START - DAY, LATER))
    assert [one.at for one in kept] == [when for when, _ in measured]
    return [f"{one.at:%H:%M}" for one in kept]


def test_the_first_and_the_last_of_each_hour_are_left_of_a_quiet_series():
    own = parts(keep_record_hours=60 * DAY)
    store(own, GUARD, minutes(120))
    # Hours begin at :00. The cycle's days begin at 18:30: what lies there is alone, and a step begins behind it.
    assert thinned(own) == 113
    assert left(own) == ["18:30", "18:31", "18:59", "19:00", "19:59", "20:00", "20:29"]


def test_the_first_and_the_last_of_each_of_the_cycles_days_are_left_for_ever():
    own = parts()
    store(own, GUARD, [point for day in range(3) for point in minutes(1440, START + day * DAY)])
    thinned(own)
    assert left(own) == OF_A_DAY * 3


def test_what_is_younger_is_left_alone():
    own = parts()
    store(own, GUARD, minutes(200))
    assert thinned(own, START + 200 * MINUTE) == 0
    # A day after 20:10 the hours up to 20:00 are due: 18:30, 18:31, 18:59, 19:00 and 19:59 are left of them.
    assert thinned(own, START + 100 * MINUTE + DAY) == 27 + 58
    assert len(left(own)) == 200 - 27 - 58


def test_a_change_of_status_and_a_breach_are_kept_to_the_minute():
    own = parts()
    points = minutes(1440)
    points[700] = (points[700][0], 0.5, KeyResultStatus.ON_TRACK)
    points[900] = (points[900][0], 0.01, KeyResultStatus.OFF_TRACK)
    store(own, GUARD, points)
    thinned(own)
    # 18:30 + 700 minutes is 06:10, + 900 is 09:30.
    assert left(own) == [
        *OF_A_DAY[:2],
        *("06:09", "06:10", "06:11"),
        *("09:29", "09:30", "09:31"),
        *OF_A_DAY[2:],
    ]


def test_a_value_that_nobody_judges_may_differ():
    own = parts()
    store(own, GUARDED, [(START + MINUTE * place, 800.0 - place, KeyResultStatus.ON_TRACK) for place in range(1440)])
    thinned(own)
    assert left(own, GUARDED) == OF_A_DAY


def test_records_of_what_is_declared_no_more_are_thinned_by_days_of_utc():
    own = parts()
    store(own, GUARD, minutes(1440))
    thinned(own, definitions=DefinitionSet())
    assert left(own) == ["18:30", "23:59", "00:00", "18:29"]


def test_it_goes_on_where_it_stopped_and_looks_at_nothing_twice(monkeypatch: pytest.MonkeyPatch):
    own = parts()
    store(own, GUARD, minutes(3000))
    store(own, KEPT_UP, minutes(3000))
    asked = iter([True, False])
    first = Thinning(own, DEFINITIONS)
    monkeypatch.setattr("okrbridge.application.thinning.MOST_RECORDS", 1)
    assert first.run(LATER, lambda: next(asked)) > 0
    assert thinned(own) > 0
    assert thinned(own) == 0
    with own.storage.reading() as database:
        assert database.progress.thinned_until(DAY) == Grid(DAY).floor(LATER - 2 * DAY)
    monkeypatch.setattr("okrbridge.storage.memory.MemoryProgressRecords.oldest", lambda _: pytest.fail("asked again"))
    again = Thinning(own, DEFINITIONS)
    again._nothing_until = [until for _, until in again.due(LATER)]
    assert again.run(LATER) == 0


def test_one_tick_does_a_part():
    own = parts()
    for key_result in (GUARD, KEPT_UP, GUARDED):
        store(own, key_result, minutes(6 * 1440))
    assert 0 < Thinning(own, DEFINITIONS).run(LATER) < MOST_RECORDS * MOST_TRANSACTIONS
    thinned(own)
    assert len(left(own)) == 6 * 6


def test_it_is_a_part_of_the_upkeep(engine: Callable[..., Any], monkeypatch: pytest.MonkeyPatch):
    ran: list[datetime] = []
    monkeypatch.setattr(Thinning, "run", lambda _self, at, _keep_going: ran.append(at))
    run = engine(DEFINITIONS, start=START)
    run.evaluator.upkeep(run.at(START), lambda: True)
    assert ran == [START]


def test_days_are_cut_where_the_guarded_count_theirs_and_an_indicator_at_midnight_too():
    indicator = Indicator("nps", "NPS", PromqlMeasure("nps", "prometheus", RATIO), RATIO)
    other = Cycle("2026", Interval(START + HOUR, END), "UTC", "weekly", measure_until=END)
    guard = dataclasses.replace(GUARD, objective="yearly", period=other.interval)
    guarded = dataclasses.replace(GUARDED, guards=(guard.id,), outcome="nps")
    objectives = (objective(guarded), objective(guard, name="yearly", cycle="2026"))
    declared = DefinitionSet(cycles=(CYCLE, other), objectives=objectives, indicators=(indicator,))
    half, ends = 18.5 * HOUR, {END, END + DAY}
    # The hour of 18:30 begins at 18:00, that of 19:30 at 19:00.
    own, guards = {half, half - HOUR / 2}, {half + HOUR, half + HOUR / 2}
    assert cuts_by_name(declared, Grid(MINUTE)) == {
        guarded.id: Cuts(frozenset(own), frozenset(ends)),
        guard.id: Cuts(frozenset(own | guards), frozenset(ends)),
        indicator.id: Cuts(frozenset(own | {timedelta(0)}), frozenset(ends)),
    }


GAPS = st.sampled_from([1, 1, 1, 1, 7, 60, 400, 1500])
VALUES = st.sampled_from([0.01, 0.01, 0.01, 0.015, 0.03, None])
STATUSES = st.sampled_from([KeyResultStatus.ON_TRACK, KeyResultStatus.ON_TRACK, KeyResultStatus.OFF_TRACK])
STEPS = st.lists(st.tuples(GAPS, VALUES, STATUSES, st.integers(1, 30)), min_size=1, max_size=25)


def series(steps: list[tuple[int, float | None, KeyResultStatus, int]]) -> list[Point]:
    """Runs of like minutes with gaps between them, from half a day before the start."""
    points, when = [], START - DAY / 2
    for gap, value, status, length in steps:
        when += MINUTE * gap
        for _ in range(length):
            points.append((when, value, status))
            when += MINUTE
    return points


def everything_read(database: Transaction) -> dict[str, Any]:
    """What features read of the past, of a guard and of what must be maintained."""
    progress, ids = database.progress, [GUARD.id, KEPT_UP.id]
    days = [START + DAY * day for day in range(1, 6)]
    now = Measurement(KEPT_UP.id, LATER, Interval(START, LATER), None, Quality.NO_DATA)
    changes = {}
    for name in ids:
        records = progress.history(name, Interval(START - DAY, LATER), 100_000)
        told = [(one.at, one.shown, one.quality) for one in records]
        changes[name] = [after for before, after in pairwise(told) if before[1:] != after[1:]]
    spans = [Interval(day - DAY + INSTANT, day + INSTANT) for day in days]
    return {
        "held": guard_compliance(database, GUARD, CYCLE.interval),
        "maintained": compliance_to_date(KEPT_UP, now, progress, None, {}),  # type: ignore[arg-type]  # has no SLO
        "days": daily_progress(database, ids, CYCLE.interval),
        "forecast": progress.sampled(ids, sample_instants(START, END, 7 * DAY)),
        "changes": changes,
        "first red": progress.first_shown(RED, [(GUARD.id, span) for span in spans]),
        "missing": sorted(progress.lacking(ids, days, HOUR)),
        "at the close": (progress.latest(ids, END), progress.latest_good(ids, END)),
        "after measuring": (progress.latest(ids, END + DAY), progress.latest_good(ids, END + DAY)),
    }


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_nothing_that_is_read_of_the_past_changes_when_it_is_thinned(
    steps: list[tuple[int, float | None, KeyResultStatus, int]],
):
    own, points = parts(), series(steps)
    for key_result in (GUARD, KEPT_UP):
        store(own, key_result, points)
    with own.storage.reading() as database:
        before = everything_read(database)
    for at in (START + 3 * DAY, LATER):
        thinned(own, at)
        with own.storage.reading() as database:
            after = everything_read(database)
        assert {name: one for name, one in after.items() if one != before[name]} == {}
