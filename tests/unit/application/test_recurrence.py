import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrbridge.application.recurrence import MOST_OCCURRENCES, occurrences, rule_fault
from okrbridge.domain.maintenance import MaintenanceWindow, Recurrence
from okrbridge.domain.windows import Interval

HOUR = timedelta(hours=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def repeated(rule: str, start: str = "2026-03-01 02:30", zone: str = "Europe/Berlin", hours: float = 1) -> Recurrence:
    return Recurrence(rule, datetime.fromisoformat(start), zone, hours * HOUR)


def starts(recurrence: Recurrence, since: str, until: str) -> list[str]:
    found = occurrences(MaintenanceWindow("m", recurrence=recurrence), Interval(utc(since), utc(until)))
    return [f"{each.start:%m-%d %H:%M}" for each in found]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        # Berlin is 1 h ahead of UTC until 29 March 2026, then 2 h. 02:30 does not exist on that day: 01:30 UTC.
        ("FREQ=WEEKLY;BYDAY=SU", ["03-22 01:30", "03-29 01:30", "04-05 00:30"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", ["03-27 01:30"]),
        ("FREQ=WEEKLY;BYDAY=SU;UNTIL=20260329T003000Z", ["03-22 01:30"]),
        ("FREQ=WEEKLY;BYDAY=SU;UNTIL=20260329T023000", ["03-22 01:30", "03-29 01:30"]),
        ("FREQ=WEEKLY;COUNT=4", ["03-22 01:30"]),
        ("FREQ=YEARLY", []),
        ("FREQ=DAILY;INTERVAL=10", ["03-21 01:30", "03-31 00:30"]),
    ],
)
def test_a_rule_keeps_its_wall_clock_time_across_summer_time(rule, expected):
    assert rule_fault(repeated(rule)) == ""
    assert starts(repeated(rule), "2026-03-20 00:00", "2026-04-08 00:00") == expected


def test_of_a_time_that_comes_twice_the_first_counts():
    # On 25 October 2026 02:30 comes at 00:30 and at 01:30 UTC.
    assert starts(repeated("FREQ=DAILY"), "2026-10-25 00:00", "2026-10-25 12:00") == ["10-25 00:30"]


def test_an_occurrence_lasts_its_duration_in_elapsed_time():
    window = MaintenanceWindow("m", recurrence=repeated("FREQ=DAILY", start="2026-03-01 01:30", hours=2))
    [found] = occurrences(window, Interval(utc("2026-03-29 00:00"), utc("2026-03-29 12:00")))
    # 01:30 in Berlin, and two hours later the clock shows 04:30.
    assert found == Interval(utc("2026-03-29 00:30"), utc("2026-03-29 02:30"))


def test_an_occurrence_that_began_before_the_interval_overlaps_it():
    assert starts(repeated("FREQ=DAILY", zone="UTC"), "2026-03-05 03:00", "2026-03-05 04:00") == ["03-05 02:30"]
    assert starts(repeated("FREQ=DAILY", zone="UTC"), "2026-03-05 03:30", "2026-03-05 04:00") == []


def test_single_stretches_are_merged_with_each_other():
    once = (
        Interval(utc("2026-03-01 10:00"), utc("2026-03-01 12:00")),
        Interval(utc("2026-03-01 11:00"), utc("2026-03-01 13:00")),
    )
    found = occurrences(MaintenanceWindow("m", once=once), Interval(utc("2026-03-01 00:00"), utc("2026-03-02 00:00")))
    assert found == [Interval(utc("2026-03-01 10:00"), utc("2026-03-01 13:00"))]


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ("FREQ=SECONDLY", "repeats within an hour"),
        ("FREQ=MINUTELY", "repeats within an hour"),
        ("FREQ=DAILY;BYMINUTE=0,1", "repeats within an hour"),
        ("FREQ=DAILY;BYSECOND=0,1", "'BYSECOND' is no part"),
        ("FREQ=FOO", "needs FREQ"),
        ("hello", "no part of a rule"),
        ("", "no part of a rule"),
        ("RRULE:FREQ=DAILY", "no part of a rule"),
        ("FREQ=DAILY\nRRULE:FREQ=WEEKLY", "needs FREQ"),
        ("FREQ=WEEKLY;BYDAY=XX", "no RRULE"),
        ("FREQ=DAILY;INTERVAL=0", "whole number from 1 to 1000"),
        ("FREQ=DAILY;INTERVAL=99999999999999999999", "whole number from 1 to 1000"),
        ("FREQ=DAILY;BYHOUR=99", "no RRULE"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never takes place"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "never takes place"),
        ("FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30", "BYMONTH and BYMONTHDAY are not read"),
        ("FREQ=DAILY;BYSETPOS=5", "BYSETPOS needs FREQ"),
        ("FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1", "never takes place"),
        ("FREQ=DAILY;BYHOUR=1,2;BYDAY=MO", ""),
    ],
)
def test_a_rule_that_cannot_be_used_or_bounded_is_refused(rule, complaint):
    assert complaint in rule_fault(repeated(rule))
    assert bool(rule_fault(repeated(rule))) == bool(complaint)


def test_occurrences_must_not_overlap_the_next_one():
    assert "shorten duration" in rule_fault(repeated("FREQ=DAILY", hours=25))


def test_the_number_of_occurrences_is_bounded():
    hourly = MaintenanceWindow("m", recurrence=repeated("FREQ=HOURLY", start="2000-01-01 00:00", zone="UTC", hours=0.5))
    began = time.monotonic()
    found = occurrences(hourly, Interval(utc("2000-01-01 00:00"), utc("2030-01-01 00:00")))
    assert len(found) == MOST_OCCURRENCES
    assert time.monotonic() - began < 30


@given(st.integers(0, 3000), st.integers(1, 2000), st.sampled_from(["Europe/Berlin", "America/New_York", "UTC"]))
def test_occurrences_in_two_halves_are_those_of_the_whole(start: int, hours: int, zone: str):
    window = MaintenanceWindow("m", recurrence=repeated("FREQ=DAILY", start="2026-01-01 02:30", zone=zone))
    first = utc("2026-01-01 00:00") + start * HOUR
    middle, last = first + hours * HOUR, first + 2 * hours * HOUR
    halves = [*occurrences(window, Interval(first, middle)), *occurrences(window, Interval(middle, last))]
    assert sorted(set(halves)) == occurrences(window, Interval(first, last))
