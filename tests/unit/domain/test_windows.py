from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrbridge.domain.windows import (
    EPOCH,
    Grid,
    Interval,
    RollingWindow,
    epoch_seconds,
    format_duration,
    from_epoch,
    parse_duration,
)

NOON = datetime(2026, 2, 15, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def after(minutes: float) -> datetime:
    return NOON + minutes * MINUTE


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30d", timedelta(days=30)),
        ("4w", timedelta(days=28)),
        ("1h30m", timedelta(minutes=90)),
        ("5m", timedelta(minutes=5)),
        ("45s", timedelta(seconds=45)),
        ("250ms", timedelta(milliseconds=250)),
        (" 1d ", timedelta(days=1)),
    ],
)
def test_a_duration_is_read(text, length):
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is not a duration"),
        ("30", "is not a duration"),
        ("d", "is not a duration"),
        ("1.5h", "is not a duration"),
        ("-5m", "is not a duration"),
        ("30 d", "is not a duration"),
        ("5min", "is not a duration"),
        ("0s", "longer than zero"),
        ("1M", "no fixed length"),
        ("1Q", "no fixed length"),
        ("1y", "no fixed length"),
        ("99999999999d", "shorter than a hundred years"),
        ("9" * 5000 + "d", "shorter than a hundred years"),
    ],
)
def test_what_is_no_duration_is_refused_with_a_remedy(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        parse_duration(text)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(days=30), "30d"),
        (timedelta(weeks=1), "7d"),
        (timedelta(minutes=90), "90m"),
        (timedelta(hours=36), "36h"),
        (timedelta(seconds=1.5), "1500ms"),
    ],
)
def test_a_duration_is_written_in_one_unit(length, text):
    assert format_duration(length) == text
    assert str(RollingWindow(length)) == text


@given(st.integers(min_value=1, max_value=10**12))
def test_a_written_duration_reads_back(milliseconds: int):
    length = timedelta(milliseconds=milliseconds)
    assert parse_duration(format_duration(length)) == length


def test_a_rolling_window_ends_where_it_is_asked():
    assert RollingWindow(timedelta(hours=1)).at(NOON) == Interval(after(-60), NOON)


def test_an_interval_holds_its_start_and_not_its_end():
    interval = Interval(NOON, after(5))
    assert NOON in interval
    assert after(5) not in interval


@pytest.mark.parametrize(
    ("interval", "clipped"),
    [
        (Interval(after(-5), after(5)), Interval(after(0), after(5))),
        (Interval(after(5), after(50)), Interval(after(5), after(10))),
        (Interval(after(2), after(3)), Interval(after(2), after(3))),
        (Interval(after(-9), after(-5)), Interval(after(0), after(0))),
        (Interval(after(20), after(30)), Interval(after(10), after(10))),
    ],
)
def test_clipping_keeps_the_part_inside_and_never_inverts(interval, clipped):
    assert interval.clipped(Interval(after(0), after(10))) == clipped


def test_epoch_seconds_are_rounded_down_also_before_1970():
    assert epoch_seconds(EPOCH + timedelta(seconds=1.9)) == 1
    assert epoch_seconds(EPOCH - timedelta(seconds=0.1)) == -1


@given(st.integers(min_value=-(10**9), max_value=10**10))
def test_whole_epoch_seconds_survive_the_way_there_and_back(seconds: int):
    assert epoch_seconds(from_epoch(seconds)) == seconds


GRID = Grid(MINUTE)


def test_the_grid_moves_an_instant_to_its_boundaries():
    at = NOON + timedelta(seconds=30)
    assert (GRID.floor(at), GRID.ceil(at)) == (NOON, after(1))


def test_a_boundary_is_its_own_floor_and_ceiling():
    assert (GRID.floor(NOON), GRID.ceil(NOON)) == (NOON, NOON)


def test_the_grid_is_the_same_wherever_it_is_counted_from():
    # 15 February 2026 12:00 UTC is 1 771 156 800 s after the epoch, a multiple of 60 and of 300.
    assert Grid(timedelta(minutes=5)).floor(after(7)) == after(5)
    assert GRID.step_seconds == 60


def test_slices_of_an_interval_are_its_length_in_steps():
    assert GRID.slices(Interval(NOON, after(30 * 24 * 60))) == 43_200  # 30 x 24 x 60


def test_covering_moves_both_ends_inward():
    inside = Interval(NOON + timedelta(seconds=1), after(4) + timedelta(seconds=59))
    assert GRID.covering(inside) == Interval(after(1), after(4))


def test_covering_an_interval_without_a_boundary_is_empty():
    within_a_slice = Interval(NOON + timedelta(seconds=10), NOON + timedelta(seconds=50))
    assert GRID.covering(within_a_slice).length == timedelta(0)


@given(
    st.integers(-(10**15), 10**16).map(lambda microseconds: EPOCH + timedelta(microseconds=microseconds)),
    st.sampled_from([1, 10, 15, 30, 60, 300, 3600]),
)
def test_floor_and_ceiling_enclose_every_instant_within_one_step(at: datetime, seconds: int):
    grid = Grid(timedelta(seconds=seconds))
    assert grid.floor(at) <= at <= grid.ceil(at)
    assert grid.ceil(at) - grid.floor(at) in {timedelta(0), grid.step}
