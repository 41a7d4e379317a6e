from datetime import UTC, datetime, timedelta, timezone

import pytest

from okrbridge.domain.windows import Grid
from okrbridge.scheduling.ticker import GridTrigger

MINUTE = timedelta(minutes=1)
DELAY = timedelta(seconds=10)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-21T{text}+00:00")


def test_the_first_run_does_not_wait_for_a_boundary():
    now = at("12:00:37.250")
    assert GridTrigger(Grid(MINUTE), DELAY).get_next_fire_time(None, now) == now


@pytest.mark.parametrize(
    ("previous", "following"),
    [
        ("12:00:37.250", "12:01:10"),  # the first run, between two boundaries
        ("12:01:10", "12:02:10"),  # a boundary's run
        ("12:00:00", "12:00:10"),  # the first run stood on a boundary whose samples were not in yet
        ("12:00:09.999", "12:00:10"),
        ("12:00:10.001", "12:01:10"),
    ],
)
def test_then_every_boundary_plus_the_delay_follows(previous: str, following: str):
    trigger = GridTrigger(Grid(MINUTE), DELAY)
    assert trigger.get_next_fire_time(at(previous), at(previous)) == at(following)


def test_the_day_goes_on_after_midnight():
    following = GridTrigger(Grid(MINUTE), DELAY).get_next_fire_time(at("23:59:10"), at("23:59:10"))
    assert following == datetime(2026, 11, 22, 0, 0, 10, tzinfo=UTC)


def test_a_late_run_does_not_shift_the_runs_after_it():
    # Due at 12:01:10 and asked only at 12:04:30: the runs missed are listed one by one, and the scheduler makes one.
    trigger = GridTrigger(Grid(MINUTE), DELAY)
    due = at("12:01:10")
    times = []
    while due <= at("12:04:30"):
        due = trigger.get_next_fire_time(due, at("12:04:30"))
        times.append(due)
    assert times == [at("12:02:10"), at("12:03:10"), at("12:04:10"), at("12:05:10")]


@pytest.mark.parametrize(
    ("seconds", "delay", "following"),
    [(15, 0.0, "12:00:45"), (15, 10.0, "12:00:40"), (3600, 10.0, "13:00:10"), (60, 90.0, "12:01:30")],
)
def test_other_grids_and_delays(seconds: int, delay: float, following: str):
    # 12:00:37: with slices of 15 s and 10 s of delay the run of the boundary 12:00:30 is due at 12:00:40; with
    # 90 s of delay the run of the boundary 11:59 was due at 12:00:30, so that of 12:00 comes at 12:01:30.
    trigger = GridTrigger(Grid(timedelta(seconds=seconds)), timedelta(seconds=delay))
    assert trigger.get_next_fire_time(at("12:00:37"), at("12:00:37")) == at(following)


def test_a_zone_of_the_scheduler_changes_nothing():
    india = timezone(timedelta(hours=5, minutes=30))
    hourly = GridTrigger(Grid(timedelta(hours=1)), DELAY)
    previous = at("12:00:10").astimezone(india)
    assert hourly.get_next_fire_time(previous, previous) == at("13:00:10")
