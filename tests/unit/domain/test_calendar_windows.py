from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrbridge.domain.windows import CalendarUnit, CalendarWindow, Grid, Interval, parse_calendar_duration

DAY, WEEK, MONTH, QUARTER, YEAR = CalendarUnit
HOUR = timedelta(hours=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def calendar(unit: CalendarUnit, start: str = "2026-01-01", zone: str = "UTC", count: int = 1) -> CalendarWindow:
    return CalendarWindow(unit, zone, datetime.fromisoformat(start), count)


@pytest.mark.parametrize(
    ("window", "at", "start", "end"),
    [
        (calendar(DAY), "2026-03-10 15:00", "2026-03-10", "2026-03-11"),
        # 5 January 2026 is a Monday.
        (calendar(WEEK, "2026-01-05"), "2026-03-12 15:00", "2026-03-09", "2026-03-16"),
        (calendar(WEEK, "2026-01-05", count=2), "2026-01-20", "2026-01-19", "2026-02-02"),
        (calendar(MONTH), "2026-02-15", "2026-02-01", "2026-03-01"),
        (calendar(QUARTER), "2026-05-15", "2026-04-01", "2026-07-01"),
        (calendar(YEAR), "2026-05-15", "2026-01-01", "2027-01-01"),
        (calendar(YEAR, "2020-02-29"), "2026-05-15", "2026-02-28", "2027-02-28"),
        # A month that lacks the day begins on its last day, and the next one on the 31st again.
        (calendar(MONTH, "2026-01-31"), "2026-03-15", "2026-02-28", "2026-03-31"),
        # Before the start the same periods go on backwards.
        (calendar(MONTH), "2025-11-15", "2025-11-01", "2025-12-01"),
        # Midnight in Berlin is 23:00 UTC in winter and 22:00 in summer; New York is 5 and 4 hours behind.
        (calendar(MONTH, zone="Europe/Berlin"), "2026-03-30 12:00", "2026-02-28 23:00", "2026-03-31 22:00"),
        (calendar(DAY, zone="America/New_York"), "2026-03-08 12:00", "2026-03-08 05:00", "2026-03-09 04:00"),
        # On a turn, the period that ends there.
        (calendar(MONTH), "2026-03-01", "2026-02-01", "2026-03-01"),
        (calendar(MONTH), "2026-03-01 00:00:01", "2026-03-01", "2026-04-01"),
        # Apia had no 30 December 2011: that day lasts no time.
        (calendar(DAY, "2011-12-01", zone="Pacific/Apia"), "2011-12-30 10:01", "2011-12-30 10:00", "2011-12-31 10:00"),
    ],
)
def test_a_period_holds_the_instant_it_is_asked_for(window, at, start, end):
    assert window.period(utc(at)) == Interval(utc(start), utc(end))


@pytest.mark.parametrize(
    ("at", "hours"),
    [("2026-03-29 12:00", 23), ("2026-10-25 12:00", 25), ("2026-06-01 12:00", 24)],
)
def test_days_of_berlin_are_as_long_as_its_clocks_make_them(at, hours):
    assert calendar(DAY, zone="Europe/Berlin").period(utc(at)).length == hours * HOUR


def test_the_window_is_the_period_to_date():
    assert calendar(MONTH).at(utc("2026-03-10")) == Interval(utc("2026-03-01"), utc("2026-03-10"))
    # At the turn it is the whole month that ends.
    assert calendar(MONTH).at(utc("2026-04-01")) == Interval(utc("2026-03-01"), utc("2026-04-01"))


def test_a_period_that_begins_between_two_slices_is_moved_inward():
    at = calendar(DAY, "2026-01-01 00:00:30").at(utc("2026-01-02 10:00"))
    assert Grid(timedelta(minutes=1)).covering(at).start == utc("2026-01-02 00:01")


@pytest.mark.parametrize(("unit", "days"), [(DAY, 1), (WEEK, 7), (MONTH, 30), (QUARTER, 91), (YEAR, 365)])
def test_the_nominal_length_and_the_name(unit, days):
    assert calendar(unit, count=2).length == timedelta(days=2 * days)
    assert str(calendar(unit)) == f"calendar 1{unit.letter}"


_ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "Pacific/Apia",
        "America/Sao_Paulo",
    ]
)
_STARTS = st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(microsecond=0))  # noqa: DTZ001 - wall clocks
_INSTANTS = st.datetimes(datetime(2001, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is beside them


@given(st.sampled_from(list(CalendarUnit)), _ZONES, _STARTS, st.integers(1, 5), _INSTANTS)
def test_periods_tile_time_without_hole_or_overlap(
    unit: CalendarUnit, zone: str, start: datetime, count: int, at: datetime
):
    window = CalendarWindow(unit, zone, start, count)
    periods = [window.period(at)]
    assert periods[0].start < at <= periods[0].end
    for _ in range(3):
        periods.append(window.period(periods[-1].end + timedelta(microseconds=1)))
    for before, after in pairwise(periods):
        # A day that a zone skips has no time, and so no instant to ask for.
        assert before.end == after.start
    assert all(each.length > timedelta(0) for each in periods)
    assert {window.period(each.end) for each in periods} == set(periods)


@given(_ZONES, _INSTANTS)
def test_days_are_never_off_by_more_than_the_zones_shift(zone: str, at: datetime):
    length = calendar(DAY, "2000-01-01", zone=zone).period(at).length
    assert 22 * HOUR <= length <= 26 * HOUR


@pytest.mark.parametrize(
    ("text", "unit", "count"),
    [("1d", DAY, 1), ("2w", WEEK, 2), ("1M", MONTH, 1), ("1Q", QUARTER, 1), (" 1Y ", YEAR, 1)],
)
def test_a_calendar_duration_is_read(text, unit, count):
    assert parse_calendar_duration(text) == (unit, count)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("1m", "m is minute, M is month"),
        ("30m", "m is minute, M is month"),
        ("1h", "no calendar period"),
        ("1y", "no calendar period"),
        ("", "no calendar period"),
        ("0M", "at least a day"),
        ("99Y", "at most ten years"),
    ],
)
def test_what_is_no_calendar_duration_is_refused_with_a_remedy(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        parse_calendar_duration(text)
