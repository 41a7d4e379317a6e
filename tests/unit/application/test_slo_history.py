"""Rows of an SLO's history, counted by hand."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.api import snapshots as made
from tests.unit.api.fakes import FakeLedger

from okrbridge.application.slo_counts import SloCounts
from okrbridge.application.slo_history import history_rows, on_grid, usual_step, whole_rows
from okrbridge.domain.ledger import Slices, SliceState
from okrbridge.domain.windows import Grid, Interval, RollingWindow, epoch_seconds

GRID = Grid(timedelta(minutes=1))
START = datetime(2026, 2, 1, tzinfo=UTC)
MEASURED, GAP = SliceState.MEASURED, SliceState.GAP


def _minutes(*rows: tuple[float, float, SliceState]) -> FakeLedger:
    first = epoch_seconds(START)
    return FakeLedger(Slices.of([(first + 60 * number, *row) for number, row in enumerate(rows)]))


def _slo(window: timedelta):
    return dataclasses.replace(made.CHECKOUT, target_ratio=0.9, window=RollingWindow(window))


def _rows(ledger: FakeLedger, first: int, last: int, step: int, window: int = 2) -> list[dict[str, object]]:
    interval = Interval(START + timedelta(minutes=first), START + timedelta(minutes=last))
    counts = SloCounts(ledger, GRID)  # type: ignore[arg-type]  # reads only
    return history_rows(counts, _slo(timedelta(minutes=window)), interval, timedelta(minutes=step), GRID)


def test_each_row_has_the_budget_left_over_the_window_that_ends_with_it():
    ledger = _minutes((10, 10, MEASURED), (9, 10, MEASURED), (7, 10, MEASURED), (10, 10, MEASURED))

    rows = _rows(ledger, 0, 4, step=1, window=2)

    # target 0.9, windows of two minutes: bad 0 of 10 (the minute before is unknown), 1 of 20, 4 of 20, 3 of 20;
    # consumed 0, 1/2, 4/2, 3/2.
    assert [row["budget_remaining_ratio"] for row in rows] == pytest.approx([1.0, 0.5, -1.0, -0.5])
    assert [row["sli_ratio"] for row in rows] == [1.0, 0.9, 0.7, 1.0]
    assert [row["time"] for row in rows][:2] == ["2026-02-01T00:00:00Z", "2026-02-01T00:01:00Z"]


def test_a_step_of_several_slices_sums_them():
    ledger = _minutes((10, 10, MEASURED), (9, 10, MEASURED), (7, 10, MEASURED), (0, 0, GAP))

    first, second = _rows(ledger, 0, 4, step=2, window=3)

    assert (first["good"], first["total"], first["coverage_ratio"]) == (19.0, 20.0, 1.0)
    assert (second["good"], second["total"], second["coverage_ratio"]) == (7.0, 10.0, 0.5)
    # the window of the second row is minutes 1 to 3: 4 bad of 20, of which 2 are allowed
    assert second["budget_remaining_ratio"] == pytest.approx(-1.0)


def test_what_was_not_measured_is_none_and_not_zero():
    ledger = _minutes((0, 0, GAP), (0, 0, GAP), (0, 0, MEASURED))

    rows = _rows(ledger, 1, 3, step=1, window=1)

    assert rows[0] == {
        "time": "2026-02-01T00:01:00Z",
        "good": None,
        "total": None,
        "sli_ratio": None,
        "budget_remaining_ratio": None,
        "coverage_ratio": 0.0,
    }
    # measured and idle: known to be zero, no ratio, budget untouched
    assert (rows[1]["good"], rows[1]["total"], rows[1]["sli_ratio"]) == (0.0, 0.0, None)
    assert rows[1]["budget_remaining_ratio"] == 1.0


def test_fractions_that_left_the_window_leave_no_dust():
    busy = [(0.1 * number, 0.1 * number + 0.3, MEASURED) for number in range(1, 60)]
    ledger = _minutes(*busy, *[(0.0, 0.0, MEASURED)] * 5)

    rows = _rows(ledger, 0, 64, step=1, window=3)

    assert rows[-1]["budget_remaining_ratio"] == 1.0


def test_the_ledger_is_asked_three_times_however_many_rows_there_are():
    ledger = _minutes(*[(1.0, 1.0, MEASURED)] * 50)

    assert len(_rows(ledger, 0, 50, step=1, window=10)) == 50
    assert ledger.questions == 3


def test_no_rows_ask_nothing():
    ledger = _minutes()

    assert _rows(ledger, 5, 5, step=1) == []
    assert ledger.questions == 0


def test_one_row_is_one_window():
    ledger = _minutes((10, 10, MEASURED), (9, 10, MEASURED))

    [row] = _rows(ledger, 0, 2, step=2, window=2)

    assert row["budget_remaining_ratio"] == pytest.approx(0.5)  # 1 bad of 20, 2 allowed


@pytest.mark.parametrize(
    ("length", "step"),
    [
        (timedelta(days=30), timedelta(hours=2)),  # 360 rows; 3 h would be 240
        (timedelta(days=7), timedelta(minutes=30)),  # 33.6 min wanted
        (timedelta(days=90), timedelta(hours=6)),  # 7.2 h wanted; 360 rows
        (timedelta(hours=6), timedelta(minutes=1)),  # 72 s wanted
        (timedelta(minutes=10), timedelta(minutes=1)),  # never finer than the grid
    ],
)
def test_the_usual_step_is_round_and_gives_about_300_rows(length: timedelta, step: timedelta):
    assert usual_step(length, GRID) == step


@pytest.mark.parametrize("seconds", [7 * 60, 45, 5400])
def test_the_usual_step_is_a_multiple_of_any_grid(seconds: int):
    grid = Grid(timedelta(seconds=seconds))

    for days in (1, 30, 400, 20_000):
        assert usual_step(timedelta(days=days), grid) % grid.step == timedelta(0)


def test_a_step_is_rounded_up_to_the_grid():
    assert on_grid(timedelta(seconds=15), GRID) == timedelta(minutes=1)
    assert on_grid(timedelta(seconds=61), GRID) == timedelta(minutes=2)
    assert on_grid(timedelta(minutes=5), GRID) == timedelta(minutes=5)


def test_rows_are_whole_steps_counted_back_from_the_end():
    asked = Interval(START, START + timedelta(minutes=10, seconds=30))

    rows = whole_rows(asked, timedelta(minutes=4), GRID)

    assert rows == Interval(START + timedelta(minutes=2), START + timedelta(minutes=10))
