from datetime import timedelta
from math import inf, nan

import numpy as np
import pytest
from tests.ports.conftest import PERSISTENT_KINDS, StorageMaker
from tests.ports.ledger_examples import (
    GRID,
    ORIGIN,
    ZERO,
    at,
    counts,
    gaps,
    measured,
    minutes,
    missing,
    new_sli,
    put,
    rows_of,
    stored,
    write,
)

from okrbridge.application.ports import Storage
from okrbridge.domain.ledger import Slices, SliceState, WindowCounts
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Grid, Interval, epoch_seconds
from okrbridge.errors import StorageError

MEASURED, GAP = SliceState.MEASURED, SliceState.GAP


def test_what_was_written_is_read_back(storage: Storage):
    sli = new_sli()
    write(storage, sli, measured((0, 9, 10), (1, 0, 0), (3, 2.5, 4.25)))
    assert stored(storage, sli, minutes(0, 5)) == [(0, 9, 10, MEASURED), (1, 0, 0, MEASURED), (3, 2.5, 4.25, MEASURED)]


def test_a_slice_belongs_to_the_interval_that_holds_its_start(storage: Storage):
    sli = new_sli()
    write(storage, sli, measured((0, 1, 1), (1, 2, 2), (2, 4, 4)))
    assert stored(storage, sli, minutes(1, 2)) == [(1, 2, 2, MEASURED)]


def test_the_same_slices_written_again_change_nothing(storage: Storage):
    sli = new_sli()
    for _ in range(3):
        write(storage, sli, measured((0, 9, 10), (1, 10, 10)))
    assert counts(storage, sli, minutes(0, 60)) == WindowCounts(19, 20, timedelta(minutes=2), timedelta(hours=1))


def test_a_late_correction_replaces_the_counts(storage: Storage):
    sli = new_sli()
    write(storage, sli, measured((0, 9, 10)))
    write(storage, sli, measured((0, 5, 12)))
    assert stored(storage, sli, minutes(0, 60)) == [(0, 5, 12, MEASURED)]
    assert counts(storage, sli, minutes(0, 60)).total == 12


def test_a_gap_never_replaces_a_measured_slice(storage: Storage):
    sli = new_sli()
    write(storage, sli, measured((0, 9, 10)))
    write(storage, sli, gaps(0, 1))
    assert stored(storage, sli, minutes(0, 60)) == [(0, 9, 10, MEASURED), (1, 0, 0, GAP)]
    assert counts(storage, sli, minutes(0, 60)).measured == timedelta(minutes=1)


def test_a_measurement_replaces_a_gap(storage: Storage):
    sli = new_sli()
    write(storage, sli, gaps(0, 1))
    write(storage, sli, measured((1, 7, 8)))
    assert stored(storage, sli, minutes(0, 60)) == [(0, 0, 0, GAP), (1, 7, 8, MEASURED)]
    assert counts(storage, sli, minutes(0, 60)) == WindowCounts(7, 8, timedelta(minutes=1), timedelta(hours=1))


def test_origins_are_summed_and_a_slice_counts_once_as_measured(storage: Storage):
    sli = new_sli()
    write(storage, sli, measured((0, 9, 10), (1, 1, 1)), "east")
    write(storage, sli, measured((0, 4, 5)), "west")
    write(storage, sli, gaps(1, 2), "west")
    expected = [(0, 13, 15, MEASURED), (1, 1, 1, MEASURED), (2, 0, 0, GAP)]
    assert stored(storage, sli, minutes(0, 60)) == expected
    # Over the whole hour and over a part of it: 13 + 1 good of 15 + 1, two minutes measured.
    for interval in (minutes(0, 60), minutes(0, 3)):
        assert counts(storage, sli, interval) == WindowCounts(14, 16, timedelta(minutes=2), interval.length)


def test_slis_do_not_mix(storage: Storage):
    one, other = new_sli(), new_sli()
    write(storage, one, measured((0, 1, 1)))
    write(storage, other, measured((0, 2, 3)))
    assert counts(storage, one, minutes(0, 60)).total == 1
    assert counts(storage, other, minutes(0, 60)).total == 3


def test_a_window_is_exact_at_its_ragged_edges(storage: Storage):
    sli = new_sli()
    # One event in each of the 240 minutes from 10:00 to 14:00, good but for every tenth.
    write(storage, sli, measured(*((minute, float(minute % 10 != 0), 1.0) for minute in range(240))))
    # 10:58 to 13:02 is 124 minutes; of the minutes 58 to 181, the tenths 60, 70 … 180 are 13 bad ones.
    assert counts(storage, sli, minutes(58, 182)) == WindowCounts(
        111, 124, timedelta(minutes=124), timedelta(minutes=124)
    )


def test_many_windows_are_answered_in_the_order_asked(storage: Storage):
    sli = new_sli()
    write(storage, sli, measured(*((minute, 1.0, 1.0) for minute in range(180))))
    windows = [minutes(175, 180), minutes(0, 180), minutes(300, 400), minutes(60, 120), minutes(90, 90)]
    with storage.reading() as database:
        found = database.ledger.window_counts(sli.key, windows)
    assert [window.total for window in found] == [5, 180, 0, 60, 0]
    assert [window.in_force for window in found] == [window.length for window in windows]


def test_an_unknown_sli_has_zero_counts_no_slices_and_misses_everything(storage: Storage):
    sli = new_sli()
    assert counts(storage, sli, minutes(0, 90)) == WindowCounts(0, 0, timedelta(0), timedelta(minutes=90))
    assert stored(storage, sli, minutes(0, 90)) == []
    assert missing(storage, sli, minutes(0, 90)) == [minutes(0, 90)]
    assert missing(storage, sli, minutes(90, 90)) == []
    with storage.reading() as database:
        buckets = database.ledger.buckets(sli.key, minutes(0, 120), timedelta(hours=1))
        assert database.ledger.last_measured_ends([sli.key], at(90)).tolist() == [-1]
        assert database.ledger.gaps([sli.key], ORIGIN, minutes(0, 90)) == []
    assert buckets.total.tolist() == [0, 0]


def test_no_windows_are_answered_by_nothing(storage: Storage):
    with storage.reading() as database:
        assert database.ledger.window_counts(new_sli().key, []) == []


@pytest.mark.parametrize("step", [timedelta(minutes=5), timedelta(hours=1), timedelta(minutes=90)])
def test_buckets_sum_equal_steps_from_the_start(storage: Storage, step: timedelta):
    sli = new_sli()
    write(storage, sli, measured(*((minute, 1.0, 2.0) for minute in range(0, 360, 2))))
    with storage.reading() as database:
        buckets = database.ledger.buckets(sli.key, minutes(0, 360), step)
    # Every second minute is measured: half of each step, with 2 events a measured minute.
    width = int(step.total_seconds())
    number = 360 * 60 // width
    measured_in = [len(range(-(-start // 2) * 2, start + width // 60, 2)) for start in range(0, 360, width // 60)]
    assert buckets.starts.tolist() == [epoch_seconds(ZERO) + width * place for place in range(number)]
    assert buckets.good.tolist() == measured_in
    assert buckets.total.tolist() == [2 * slices for slices in measured_in]
    assert buckets.measured_seconds.tolist() == [60 * slices for slices in measured_in]


def test_hourly_buckets_that_start_inside_an_hour_are_exact_too(storage: Storage):
    sli = new_sli()
    write(storage, sli, measured(*((minute, 1.0, float(minute)) for minute in range(180))))
    with storage.reading() as database:
        buckets = database.ledger.buckets(sli.key, minutes(30, 150), timedelta(hours=1))
    # 30 + … + 89 = 60 * 59.5 = 3570, 90 + … + 149 = 60 * 119.5 = 7170
    assert buckets.total.tolist() == [3570, 7170]


def test_the_last_bucket_ends_with_the_interval(storage: Storage):
    sli = new_sli()
    write(storage, sli, measured(*((minute, 1.0, 1.0) for minute in range(20))))
    with storage.reading() as database:
        buckets = database.ledger.buckets(sli.key, minutes(0, 13), timedelta(minutes=5))
    assert buckets.total.tolist() == [5, 5, 3]


@pytest.mark.parametrize("step", [timedelta(0), timedelta(seconds=-60), timedelta(seconds=90)])
def test_a_step_that_is_no_multiple_of_the_grids_is_refused(storage: Storage, step: timedelta):
    with storage.reading() as database, pytest.raises(ValueError, match="multiple"):
        database.ledger.buckets(new_sli().key, minutes(0, 60), step)


def test_missing_gives_the_longest_runs_ascending(storage: Storage):
    sli = new_sli()
    write(storage, sli, measured((2, 1, 1), (3, 1, 1)))
    write(storage, sli, gaps(200))
    assert missing(storage, sli, minutes(0, 300)) == [minutes(0, 2), minutes(4, 200), minutes(201, 300)]


def test_nothing_is_missing_from_a_complete_history(storage: Storage):
    sli = new_sli()
    write(storage, sli, measured(*((minute, 1.0, 1.0) for minute in range(600))))
    assert missing(storage, sli, minutes(7, 593)) == []


def test_one_slice_missing_in_the_middle_of_history_is_found(storage: Storage):
    sli = new_sli()
    write(storage, sli, measured(*((minute, 1.0, 1.0) for minute in range(600) if minute != 299)))
    assert missing(storage, sli, minutes(7, 593)) == [minutes(299, 300)]


def test_a_gap_is_an_answer_and_not_missing(storage: Storage):
    sli = new_sli()
    write(storage, sli, gaps(*range(120)))
    assert missing(storage, sli, minutes(0, 120)) == []


def test_what_another_origin_answered_is_still_missing(storage: Storage):
    sli = new_sli()
    write(storage, sli, measured(*((minute, 1.0, 1.0) for minute in range(180))), "east")
    write(storage, sli, measured(*((minute, 1.0, 1.0) for minute in range(60, 90))), "west")
    assert missing(storage, sli, minutes(0, 180), "east") == []
    assert missing(storage, sli, minutes(0, 180), "west") == [minutes(0, 60), minutes(90, 180)]


@pytest.mark.parametrize(
    ("before", "origin", "end"),
    [
        (100, None, 11),  # the gap in minute 12 was not measured
        (10, None, 6),  # minute 10 does not start before minute 10
        (10.001, None, 11),
        (100, "east", 6),
        (5, None, None),
        (100, "nowhere", None),
    ],
)
def test_last_measured_end(storage: Storage, before: float, origin: str | None, end: float | None):
    sli = new_sli()
    write(storage, sli, measured((5, 0, 0)), "east")
    write(storage, sli, measured((10, 1, 1)), "west")
    write(storage, sli, gaps(12), "west")
    with storage.reading() as database:
        found = database.ledger.last_measured_ends([sli.key], at(before), origin)
    assert found.tolist() == [-1 if end is None else epoch_seconds(at(end))]


@pytest.mark.parametrize("interval", [minutes(0.5, 60), minutes(0, 60.25), minutes(60, 0)])
def test_intervals_off_the_grid_or_backwards_are_refused(storage: Storage, interval: Interval):
    key = new_sli().key
    with storage.reading() as database:
        for ask in (
            lambda: database.ledger.window_counts(key, [interval]),
            lambda: database.ledger.slices(key, interval),
            lambda: database.ledger.slices_of([key], interval),
            lambda: database.ledger.buckets(key, interval, GRID.step),
            lambda: database.ledger.window_sums([key], [interval]),
            lambda: database.ledger.missing([key], ORIGIN, interval),
            lambda: database.ledger.gaps([key], ORIGIN, interval),
        ):
            with pytest.raises(ValueError, match=r"grid|before it starts"):
                ask()


def _write_both(storage: Storage, sli: Sli, good: Slices, bad: Slices) -> None:
    with storage.transaction() as database:
        put(database, sli, good)
        put(database, sli, bad)


def _one(start: int, good: float, total: float, state: int) -> Slices:
    return Slices(np.array([start]), np.array([good]), np.array([total]), np.array([state], dtype=np.int8))


@pytest.mark.parametrize(
    "slices",
    [
        pytest.param(measured((0, nan, 1)), id="NaN"),
        pytest.param(measured((0, 1, inf)), id="infinity"),
        pytest.param(measured((0, 1, -inf)), id="minus infinity"),
        pytest.param(measured((0, 1, 1e308)), id="too large to be summed"),
        pytest.param(measured((1, 1, 1), (0, 1, 1)), id="descending"),
        pytest.param(measured((0, 1, 1), (0, 1, 1)), id="twice"),
        pytest.param(_one(epoch_seconds(ZERO) + 1, 1, 1, MEASURED), id="off the grid"),
        pytest.param(_one(-60, 1, 1, MEASURED), id="before 1970"),
        pytest.param(_one(epoch_seconds(ZERO), 1, 1, 3), id="unknown state"),
        pytest.param(_one(epoch_seconds(ZERO), 1, 1, GAP), id="gap with events"),
    ],
)
def test_slices_that_cannot_be_true_are_refused_and_nothing_is_written(storage: Storage, slices: Slices):
    sli = new_sli()
    with pytest.raises(ValueError, match=r"slice|gap|count|grid"):
        _write_both(storage, sli, measured((60, 1, 1)), slices)
    assert counts(storage, sli, minutes(0, 120)).total == 0


def test_good_above_total_and_counts_below_zero_are_kept_as_found(storage: Storage):
    sli = new_sli()
    write(storage, sli, measured((0, 12, 10), (1, -3, 0)))
    found = counts(storage, sli, minutes(0, 60))
    assert (found.good, found.total) == (9, 10)


def test_counts_keep_every_bit(storage: Storage):
    sli = new_sli()
    odd = (0.1, 1 / 3)
    write(storage, sli, measured((0, *odd)))
    assert stored(storage, sli, minutes(0, 60)) == [(0, *odd, MEASURED)]
    assert (counts(storage, sli, minutes(0, 60)).good, counts(storage, sli, minutes(0, 60)).total) == odd


@pytest.mark.parametrize(
    "grid",
    [
        pytest.param(Grid(timedelta(seconds=64)), id="does not divide the hour"),
        pytest.param(Grid(timedelta(hours=2)), id="longer than the hour"),
        pytest.param(Grid(timedelta(seconds=15)), id="quarter minute"),
    ],
)
def test_every_grid_works(new_storage: StorageMaker, grid: Grid):
    storage, sli = new_storage(grid), new_sli()
    begin = grid.ceil(ZERO)
    starts = [epoch_seconds(begin) + place * grid.step_seconds for place in range(1000)]
    slices = Slices.of([(start, 1.0, 2.0, MEASURED) for start in starts if start != starts[777]])
    write(storage, sli, slices)
    interval = Interval(begin + 3 * grid.step, begin + 997 * grid.step)
    # 994 slices less the one left out.
    assert counts(storage, sli, interval) == WindowCounts(993, 1986, 993 * grid.step, 994 * grid.step)
    hole = begin + 777 * grid.step
    assert missing(storage, sli, interval) == [Interval(hole, hole + grid.step)]


@pytest.mark.parametrize("new_storage", PERSISTENT_KINDS, indirect=True)
def test_a_ledger_counted_on_another_grid_is_refused(new_storage: StorageMaker):
    sli = new_sli()
    write(new_storage(GRID), sli, measured((0, 1, 1)))
    other = new_storage(Grid(timedelta(seconds=30)))
    with pytest.raises(StorageError, match=r"slices of 60 s.*now works with 30 s"):
        counts(other, sli, minutes(0, 60))
    with pytest.raises(StorageError, match="slices of 60 s"):
        other.check()


def test_slices_of_many_slis_come_as_a_table(storage: Storage):
    one, never, other = new_sli(), new_sli(), new_sli()
    write(storage, one, measured((58, 9, 10), (59, 2.5, 4.25), (61, 3, 3)))
    write(storage, other, measured((59, 1, 2)))
    write(storage, other, gaps(60, 63))
    with storage.reading() as database:
        table = database.ledger.slices_of([other.key, never.key, one.key, other.key], minutes(59, 63))
    assert table.starts.tolist() == [epoch_seconds(at(minute)) for minute in (59, 60, 61, 62)]
    assert table.states.tolist() == [[MEASURED, GAP, 0, 0], [0] * 4, [MEASURED, 0, MEASURED, 0], [MEASURED, GAP, 0, 0]]
    assert table.good.tolist() == [[1, 0, 0, 0], [0] * 4, [2.5, 0, 3, 0], [1, 0, 0, 0]]
    assert table.total.tolist() == [[2, 0, 0, 0], [0] * 4, [4.25, 0, 3, 0], [2, 0, 0, 0]]


def test_a_table_of_slices_sums_origins_and_sees_what_its_own_transaction_wrote(storage: Storage):
    sli = new_sli()
    write(storage, sli, measured((0, 9, 10), (1, 1, 1)), "east")
    with storage.transaction() as database:
        put(database, sli, gaps(0, 1, 2), "west")
        put(database, sli, measured((0, 0.5, 2)), "west")
        table = database.ledger.slices_of([sli.key], minutes(0, 4))
    # Minute 0: 9 + 0.5 of 10 + 2; minute 1 is measured by one and a gap of the other; minute 3 nobody asked for.
    assert table.states.tolist() == [[MEASURED, MEASURED, GAP, 0]]
    assert (table.good.tolist(), table.total.tolist()) == ([[9.5, 1, 0, 0]], [[12, 1, 0, 0]])


def test_a_table_over_days_tells_the_same_as_each_sli_alone(storage: Storage):
    slis = [new_sli() for _ in range(3)]
    for place, sli in enumerate(slis):
        write(storage, sli, measured(*((minute, float(place), 5.0) for minute in range(place, 3000, 7))))
    with storage.reading() as database:
        table = database.ledger.slices_of([sli.key for sli in slis], minutes(30, 2970))
    for place, sli in enumerate(slis):
        assert rows_of(table.row(place)) == stored(storage, sli, minutes(30, 2970))
        assert stored(storage, sli, minutes(30, 2970)) == [
            (minute, place, 5, MEASURED) for minute in range(place, 3000, 7) if 30 <= minute < 2970
        ]


def test_a_table_of_no_slis_or_of_no_time_is_empty(storage: Storage):
    with storage.reading() as database:
        assert database.ledger.slices_of([], minutes(0, 5)).states.shape == (0, 5)
        assert database.ledger.slices_of([new_sli().key], minutes(5, 5)).states.shape == (1, 0)
