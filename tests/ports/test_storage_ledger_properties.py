"""What holds for every history: the ledger is compared with a dictionary."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ports.ledger_examples import Row, gaps, measured, minutes, missing, new_sli, put, stored, write

from okrbridge.application.ports import Storage
from okrbridge.domain.ledger import SliceState, WindowCounts
from okrbridge.domain.windows import Interval

SPAN = 400
"""Minutes of history: several whole hours with ragged ends."""

# Every example takes an SLI of its own, so sharing the storage between examples shares nothing.
on_storage = settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

minute = st.integers(0, SPAN - 1)
# Whole numbers and quarters add up exactly in floats, in any order.
count = st.integers(0, 4000).map(lambda quarters: quarters / 4)
measurement_row = st.tuples(minute, count, count)


def unique_rows(max_size: int = 120) -> st.SearchStrategy[list[Row]]:
    return st.lists(measurement_row, unique_by=lambda row: row[0], max_size=max_size).map(sorted)


@st.composite
def histories(draw: st.DrawFn) -> list[Row]:
    """Runs of measured minutes, so that whole hours get complete, and single ones."""
    rows = {row[0]: row for row in draw(unique_rows(30))}
    for begin, end in draw(st.lists(st.tuples(minute, minute), max_size=3)):
        rows |= {place: (place, place % 7, place % 7 + place % 3) for place in range(begin, end)}
    return [rows[place] for place in sorted(rows)]


intervals = st.tuples(st.integers(-90, SPAN + 90), st.integers(0, SPAN + 90)).map(
    lambda drawn: minutes(drawn[0], drawn[0] + drawn[1])
)


def brute_force(rows: Sequence[Row], interval: Interval) -> WindowCounts:
    inside = [row for row in rows if interval.start <= minutes(row[0], row[0]).start < interval.end]
    return WindowCounts(
        good=sum(good for _, good, _ in inside),
        total=sum(total for _, _, total in inside),
        measured=timedelta(minutes=len(inside)),
        in_force=interval.length,
    )


@on_storage
@given(rows=histories(), windows=st.lists(intervals, min_size=1, max_size=6))
def test_windows_equal_the_plain_sum_of_their_slices(storage: Storage, rows: list[Row], windows: list[Interval]):
    sli = new_sli()
    write(storage, sli, measured(*rows))
    with storage.reading() as database:
        assert database.ledger.window_counts(sli.key, windows) == [brute_force(rows, window) for window in windows]


@on_storage
@given(rows=histories(), interval=intervals, step=st.sampled_from([1, 5, 60, 77, 120]))
def test_buckets_equal_the_window_over_each_step(storage: Storage, rows: list[Row], interval: Interval, step: int):
    sli = new_sli()
    write(storage, sli, measured(*rows))
    width = timedelta(minutes=step)
    steps = []
    start = interval.start
    while start < interval.end:
        steps.append(Interval(start, min(start + width, interval.end)))
        start += width
    with storage.reading() as database:
        buckets = database.ledger.buckets(sli.key, interval, width)
        windows = database.ledger.window_counts(sli.key, steps)
    assert buckets.good.tolist() == [window.good for window in windows]
    assert buckets.total.tolist() == [window.total for window in windows]
    assert buckets.measured_seconds.tolist() == [window.measured.total_seconds() for window in windows]


@on_storage
@given(rows=histories(), gap_starts=st.sets(minute, max_size=40), interval=intervals)
def test_missing_is_the_complement_of_what_was_answered(
    storage: Storage, rows: list[Row], gap_starts: set[int], interval: Interval
):
    sli = new_sli()
    write(storage, sli, measured(*rows))
    write(storage, sli, gaps(*sorted(gap_starts)))
    answered = gap_starts | {row[0] for row in rows}
    runs = missing(storage, sli, interval)
    found = {place for place in range(-90, 2 * SPAN + 180) if any(minutes(place, place).start in run for run in runs)}
    wanted = {place for place in range(-90, 2 * SPAN + 180) if minutes(place, place).start in interval}
    assert found == wanted - answered
    # The longest runs: there is always something answered between one and the next.
    assert all(before.end < after.start for before, after in pairwise(runs))


batch = st.tuples(st.sampled_from(["east", "west"]), st.booleans(), unique_rows(40))


@on_storage
@given(batches=st.lists(batch, max_size=5), order=st.randoms(use_true_random=False))
def test_order_and_repetition_of_writes_do_not_matter(storage: Storage, batches, order):
    # A slice always gets the same counts here; only whether it is known as a gap first depends on the order.
    fixed = [
        (origin, gaps(*(row[0] for row in rows)) if is_gap else measured(*((row[0], row[0] % 5, 9) for row in rows)))
        for origin, is_gap, rows in batches
    ]
    again = [*fixed, *fixed]
    order.shuffle(again)
    one, other = new_sli(), new_sli()
    for origin, slices in fixed:
        write(storage, one, slices, origin)
    for origin, slices in again:
        write(storage, other, slices, origin)
    whole = minutes(-60, SPAN + 60)
    assert stored(storage, one, whole) == stored(storage, other, whole)
    with storage.reading() as database:
        windows = [whole, minutes(0, SPAN), minutes(7, SPAN - 7)]
        assert database.ledger.window_counts(one.key, windows) == database.ledger.window_counts(other.key, windows)


@on_storage
@given(rows=histories(), cuts=st.lists(st.integers(0, SPAN), max_size=4), together=st.booleans())
def test_one_batch_or_many_give_the_same_ledger(storage: Storage, rows: list[Row], cuts: list[int], *, together: bool):
    whole, split = new_sli(), new_sli()
    write(storage, whole, measured(*rows))
    edges = [0, *sorted(cuts), SPAN]
    batches = [measured(*(row for row in rows if begin <= row[0] < end)) for begin, end in pairwise(edges)]
    if together:
        with storage.transaction() as database:
            for slices in batches:
                put(database, split, slices)
    else:
        for slices in batches:
            write(storage, split, slices)
    span = minutes(0, SPAN)
    assert stored(storage, split, span) == stored(storage, whole, span)
    with storage.reading() as database:
        assert database.ledger.window_counts(split.key, [span]) == database.ledger.window_counts(whole.key, [span])


@on_storage
@given(first=unique_rows(), second=unique_rows(), gap_starts=st.sets(minute, max_size=40))
def test_the_last_measurement_of_a_slice_stands(
    storage: Storage, first: list[Row], second: list[Row], gap_starts: set[int]
):
    sli = new_sli()
    write(storage, sli, measured(*first))
    write(storage, sli, gaps(*sorted(gap_starts)))
    write(storage, sli, measured(*second))
    expected = {place: (place, 0.0, 0.0, SliceState.GAP) for place in gap_starts}
    expected |= {row[0]: (*row, SliceState.MEASURED) for row in [*first, *second]}
    assert stored(storage, sli, minutes(0, SPAN)) == [expected[place] for place in sorted(expected)]
