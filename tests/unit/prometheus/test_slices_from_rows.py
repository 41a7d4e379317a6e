"""From rows to slices, and which slices are asked again. Slices are a minute long and start at 600 s."""

from datetime import timedelta

import pytest

from okrbridge.domain.ledger import SliceState
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Interval, from_epoch
from okrbridge.sources.prometheus.counters import LOOK_BACK, Reach
from okrbridge.sources.prometheus.envelope import Row
from okrbridge.sources.prometheus.slices import (
    RETURN_LOOK_BACK,
    Tally,
    as_slices,
    gap_settlements,
    odd_runs,
    return_settlements,
    tallies,
)

MINUTE = timedelta(minutes=1)
BAD = Sli("api", "prom", bad="b", total="t")
GOOD = Sli("api", "prom", good="g", total="t")
LIVE = Tally(live=2)


def minutes(first: int, last: int) -> Interval:
    return Interval(from_epoch(60 * first), from_epoch(60 * last))


def row(kind: str, *points: tuple[float, float]) -> Row:
    return Row({"okrbridge": kind}, points)


def test_rows_are_sorted_by_slice_and_missing_increases_are_zero():
    found = tallies([row("total", (660, 10), (720, 5)), row("part", (660, 2)), row("live", (660, 3), (720, 3))])
    assert found == {660: Tally(2, 10, 3), 720: Tally(0, 5, 3)}


@pytest.mark.parametrize("what", ["part_series", "total_series", "part_resets", "total_resets"])
def test_a_slice_is_odd_where_series_or_resets_grew(what):
    # 3 in the look-back alone, 4 with the slice; in the next slice 4 and 4.
    counts = [row(what, (660, 4), (720, 4)), row(f"{what}_before", (660, 3), (720, 4))]
    found = tallies([*counts, row("total", (660, -7), (720, 7)), row("live", (660, 4), (720, 4))])
    assert [found[660].is_odd, found[720].is_odd] == [True, False]
    assert found[720].total == 7


def test_all_series_of_a_counter_are_new_where_none_was_before():
    assert tallies([row("total_series", (660, 4))])[660].is_odd


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_an_impossible_count_is_refused(value):
    with pytest.raises(ValueError, match="cannot grow by"):
        tallies([row("total", (660, value))])


@pytest.mark.parametrize(("sli", "good"), [(BAD, 8), (GOOD, 2)])
def test_good_events_follow_from_the_part(sli, good):
    slices = as_slices(sli, minutes(10, 12), MINUTE, {660: Tally(2, 10, 3)})
    assert slices.starts.tolist() == [600, 660]
    assert slices.good.tolist() == [good, 0]
    assert slices.total.tolist() == [10, 0]
    assert slices.states.tolist() == [SliceState.MEASURED, SliceState.GAP]


@pytest.mark.parametrize(
    ("live_ends", "last_measured", "expected"),
    [
        ([660, 720, 780], 600, {}),
        ([660, 720, 780], None, {}),
        ([780], None, {}),
        # Minute 12 begins 2 minutes after the last measured slice: look-back 2 + 5 min and a second. That slice may
        # have been live by a sample 5 minutes old, so what started in the 2 + 5 minutes is new.
        ([780], 600, {780: Reach(timedelta(seconds=421), timedelta(minutes=7))}),
        ([660, 780], 600, {780: Reach(timedelta(seconds=361), timedelta(minutes=6))}),
        # Unmeasured for 9 minutes before the interval; from then on all is ordinary.
        ([660, 720, 780], 60, {660: Reach(timedelta(seconds=841), timedelta(minutes=14))}),
    ],
)
def test_the_first_live_slice_after_unmeasured_time_reaches_back_over_it(live_ends, last_measured, expected):
    last = None if last_measured is None else from_epoch(last_measured)
    found = gap_settlements(minutes(10, 13), MINUTE, dict.fromkeys(live_ends, LIVE), last)
    assert {one.slice_end: one.reach for one in found} == expected


def test_the_look_back_is_capped_at_thirty_days():
    [settlement] = gap_settlements(
        Interval(from_epoch(60 * 86_400), from_epoch(60 * 86_400 + 60)), MINUTE, {5_184_060: LIVE}, from_epoch(0)
    )
    assert settlement.reach.look_back == timedelta(days=30)


def test_series_that_came_into_view_beside_others_are_looked_for_in_the_day_before_newest_first():
    found = {660: Tally(live=3, arrived=1), 720: Tally(live=3, arrived=3), 780: Tally(live=3, arrived=2)}
    settlements = return_settlements(found)
    assert [one.slice_end for one in settlements] == [780, 660]
    assert {one.reach for one in settlements} == {Reach(RETURN_LOOK_BACK, LOOK_BACK)}


def test_odd_slices_next_to_each_other_make_one_run():
    odd = Tally(live=1, is_odd=True)
    found = {660: odd, 720: odd, 780: LIVE, 900: odd}
    assert odd_runs(minutes(10, 15), MINUTE, found) == [minutes(10, 12), minutes(14, 15)]
