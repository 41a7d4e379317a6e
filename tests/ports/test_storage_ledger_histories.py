"""Whole histories of writes, reads, rollbacks, other storage objects and expiry, compared with a plain dictionary."""

from collections.abc import Sequence
from contextlib import suppress

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ports.conftest import StorageMaker
from tests.ports.ledger_examples import GRID, at, minutes, new_sli, rows_of

from okrbridge.application.ports import Ledger, Storage
from okrbridge.domain.ledger import SliceState, SliceTable, WindowSums
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Interval, epoch_seconds

SPAN = 60 * 30
"""Minutes of history: more than a day, so that sums of days are used."""

Cell = tuple[float, float, SliceState]
Model = dict[tuple[str, str, int], Cell]
"""By SLI key, origin and minute."""

on_histories = settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
# Whole numbers and quarters add up exactly in floats, in any order.
count = st.one_of(
    st.integers(0, 300).map(float), st.integers(0, 4000).map(lambda quarters: quarters / 4), st.just(70_000.0)
)


class RolledBackError(Exception):
    """Ends a transaction that must leave nothing behind."""


@st.composite
def tables(draw: st.DrawFn) -> SliceTable:
    """A table of three SLIs over up to two hours; a part of it is unknown, gaps, or has fractions."""
    begin, length = draw(st.integers(0, SPAN - 1)), draw(st.sampled_from([1, 1, 3, 60, 120]))
    starts = epoch_seconds(at(begin)) + 60 * np.arange(length, dtype=np.int64)
    seed = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    states = seed.choice(3, (3, length), p=[0.1, 0.7, 0.2]).astype(np.int8)
    good, total = draw(count), draw(count)
    measured = states == SliceState.MEASURED
    noise = seed.integers(0, 5, (3, length))
    return SliceTable(starts, np.where(measured, good + noise, 0.0), np.where(measured, total + noise, 0.0), states)


def put_down(model: Model, slis: Sequence[Sli], origin: str, table: SliceTable) -> None:
    for row, sli in enumerate(slis):
        for minute, good, total, state in rows_of(table.row(row)):
            key = (sli.key, origin, minute)
            known = model.get(key)
            if state is SliceState.MEASURED or known is None or known[2] is SliceState.GAP:
                model[key] = (good, total, state)


def summed(model: Model, slis: Sequence[Sli], intervals: Sequence[Interval]) -> WindowSums:
    values = np.zeros((4, len(slis), len(intervals)))
    for row, sli in enumerate(slis):
        cells = [(minute, cell) for (key, _, minute), cell in model.items() if key == sli.key]
        for column, interval in enumerate(intervals):
            span = places_of(interval)
            inside = [(minute, cell) for minute, cell in cells if minute in span]
            measured = {minute for minute, cell in inside if cell[2] is SliceState.MEASURED}
            asked = {minute for minute, _ in inside}
            good, total = sum(cell[0] for _, cell in inside), sum(cell[1] for _, cell in inside)
            values[:, row, column] = good, total, 60 * len(measured), 60 * len(asked)
    return WindowSums(*values)


def places_of(interval: Interval) -> range:
    """The minutes of an interval."""
    return range(minute_of(epoch_seconds(interval.start)), minute_of(epoch_seconds(interval.end)))


def minute_of(second: int) -> int:
    return (second - epoch_seconds(at(0))) // 60


def same(one: WindowSums, other: WindowSums) -> bool:
    names = ("good", "total", "measured_seconds", "asked_seconds")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def windows_ending(end: int) -> list[Interval]:
    return [minutes(end - length, end) for length in (5, 60, 90, 360, 1440, 1800)]


steps = st.lists(
    st.tuples(st.sampled_from(["write", "write", "other", "rolled back"]), st.sampled_from(["east", "west"]), tables()),
    min_size=1,
    max_size=8,
)


@on_histories
@given(steps=steps, end=st.integers(60, SPAN + 60))
def test_window_sums_follow_every_write_whoever_makes_it(new_storage: StorageMaker, steps, end: int):
    storage = new_storage(GRID)
    other = storage if type(storage).__name__ == "MemoryStorage" else new_storage(GRID)
    slis = [new_sli() for _ in range(3)]
    keys = [sli.key for sli in slis]
    model: Model = {}
    for place, (kind, origin, table) in enumerate(steps):
        windows = windows_ending(end + place)
        writer = other if kind == "other" else storage
        if kind == "rolled back":
            tried = dict(model)
            put_down(tried, slis, origin, table)
            try_out(storage, slis, origin, table, lambda ledger, own=tried, own_windows=windows: same(
                ledger.window_sums(keys, own_windows), summed(own, slis, own_windows)
            ))  # fmt: skip
        else:
            put_down(model, slis, origin, table)
            with writer.transaction() as database:
                database.ledger.write(slis, origin, table)
                assert same(database.ledger.window_sums(keys, windows), summed(model, slis, windows))
        for reader in (storage, other):
            with reader.reading() as database:
                assert same(database.ledger.window_sums(keys, windows), summed(model, slis, windows))


def try_out(storage: Storage, slis, origin, table, holds) -> None:
    with suppress(RolledBackError), storage.transaction() as database:
        database.ledger.write(slis, origin, table)
        assert holds(database.ledger)
        raise RolledBackError


@on_histories
@given(steps=steps, start=st.integers(0, SPAN), length=st.sampled_from([1, 60, 300, 1800]), before=st.integers(0, SPAN))
def test_runs_and_ends_are_those_of_the_slices(new_storage: StorageMaker, steps, start: int, length: int, before: int):
    storage = new_storage(GRID)
    slis = [new_sli() for _ in range(3)]
    model: Model = {}
    for _, origin, table in steps:
        put_down(model, slis, origin, table)
        with storage.transaction() as database:
            database.ledger.write(slis, origin, table)
        with storage.reading() as database:
            _check_answers(database.ledger, model, slis, minutes(start, start + length), before)


def _check_answers(ledger: Ledger, model: Model, slis: list[Sli], interval: Interval, before: int) -> None:
    keys = [sli.key for sli in slis]
    states = {(row, place): _state(model, key, place) for row, key in enumerate(keys) for place in places_of(interval)}
    for runs, state in ((ledger.missing(keys, "east", interval), None), (ledger.gaps(keys, "east", interval), 2)):
        hit = {(row, place) for run in runs for row in run.rows.tolist() for place in places_of(run.interval)}
        assert hit == {where for where, own in states.items() if own == state}
        for run in runs:
            first = places_of(run.interval).start
            assert {_measured_until(model, keys[row], first) for row in run.rows} == {run.measured_until}
    ends = ledger.last_measured_ends(keys, at(before)).tolist()
    for key, end in zip(keys, ends, strict=True):
        measured = [place for (own, _, place), cell in model.items() if own == key and cell[2] == SliceState.MEASURED]
        assert end == max((epoch_seconds(at(place + 1)) for place in measured if place < before), default=-1)


def _state(model: Model, key: str, place: int) -> int | None:
    cell = model.get((key, "east", place))
    return None if cell is None else int(cell[2])


def _measured_until(model: Model, key: str, place: int):
    """Back over gaps to the last measured slice; None where a slice was not answered for."""
    while _state(model, key, place - 1) == SliceState.GAP:
        place -= 1
    return at(place) if _state(model, key, place - 1) == SliceState.MEASURED else None


@on_histories
@given(steps=steps, cut=st.integers(0, SPAN // 60))
def test_windows_of_whole_hours_are_the_same_after_their_slices_expired(new_storage: StorageMaker, steps, cut: int):
    storage = new_storage(GRID)
    slis = [new_sli() for _ in range(3)]
    keys = [sli.key for sli in slis]
    model: Model = {}
    for _, origin, table in steps:
        put_down(model, slis, origin, table)
        with storage.transaction() as database:
            database.ledger.write(slis, origin, table)
    windows = [minutes(60 * first, 60 * last) for first in (0, cut, 7) for last in (cut, 24, 31) if first <= last]
    with storage.transaction() as database:
        database.ledger.expire(at(60 * cut + 17), at(0))
    with storage.reading() as database:
        assert same(database.ledger.window_sums(keys, windows), summed(model, slis, windows))
        assert len(database.ledger.slices(keys[0], minutes(0, 60 * cut))) == 0
        # What is no longer held in slices cannot be asked for again.
        past = {(own, place // 60) for own, _, place in model if place < 60 * cut}
        for run in database.ledger.missing(keys, "east", minutes(0, 60 * cut)):
            assert not past & {(keys[row], place // 60) for row in run.rows for place in places_of(run.interval)}
    # A late write into such an hour leaves its sums alone.
    _, origin, table = steps[0]
    late: Model = {}
    put_down(late, slis, origin, table)
    with storage.transaction() as database:
        database.ledger.write(slis, origin, table)
    for where, cell in late.items():
        known = model.get(where)
        replaces = cell[2] is SliceState.MEASURED or known is None or known[2] is SliceState.GAP
        if (where[0], where[2] // 60) not in past and replaces:
            model[where] = cell
    with storage.reading() as database:
        assert same(database.ledger.window_sums(keys, windows), summed(model, slis, windows))


def test_sums_of_hours_expire_too(storage: Storage):
    sli = new_sli()
    ones = SliceTable.unknown(epoch_seconds(at(0)) + 60 * np.arange(180, dtype=np.int64), 1)
    ones.total[:], ones.good[:], ones.states[:] = 1, 1, 1
    with storage.transaction() as database:
        assert database.ledger.write([sli], "east", ones) == 180
    with storage.transaction() as database:
        assert database.ledger.expire(at(125), at(61)) > 0
    with storage.reading() as database:
        whole = database.ledger.window_sums([sli.key], [minutes(0, 60), minutes(60, 120), minutes(0, 180)])
    assert whole.total.tolist() == [[0, 60, 120]]
    with storage.transaction() as database:
        assert database.ledger.expire(at(125), at(61)) == 0


def test_a_revision_grows_with_writes_before_its_instant_and_only_with_those(storage: Storage):
    sli = new_sli()

    def written(minute: int) -> None:
        table = SliceTable.unknown(np.array([epoch_seconds(at(minute))]), 1)
        table.states[:] = 1
        with storage.transaction() as database:
            database.ledger.write([sli], "east", table)

    def revision(minute: int) -> int:
        with storage.reading() as database:
            return database.ledger.revision([sli.key], at(minute))

    written(30)
    first = revision(60)
    written(90)
    assert revision(60) == first
    assert revision(120) > first
    written(31)
    assert revision(60) > first


def test_unknown_slices_are_passed_over_and_slis_that_miss_the_same_are_put_together(storage: Storage):
    slis = [new_sli() for _ in range(300)]  # more than one block
    table = SliceTable.unknown(epoch_seconds(at(0)) + 60 * np.arange(4, dtype=np.int64), 300)
    table.states[:, :2] = SliceState.MEASURED
    table.states[7, 1] = SliceState.GAP
    with storage.transaction() as database:
        assert database.ledger.write(slis, "east", table) == 600
        assert database.ledger.write(slis[:2], "east", SliceTable.unknown(table.starts, 2)) == 0
    with storage.reading() as database:
        early, late = database.ledger.missing([sli.key for sli in slis], "east", minutes(0, 4))
        (gap,) = database.ledger.gaps([sli.key for sli in slis], "east", minutes(0, 4))
    # The seventh was last measured a minute earlier: its run stands apart.
    assert (early.interval, early.rows.tolist(), early.measured_until) == (minutes(2, 4), [7], at(1))
    assert (late.interval, len(late.rows), late.measured_until) == (minutes(2, 4), 299, at(2))
    assert (gap.interval, gap.rows.tolist(), gap.measured_until) == (minutes(1, 2), [7], at(1))
