"""What holds for all numbers, not only for the worked ones."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.unit.domain.okr_examples import START, week

from okrbridge.domain.burn_rate import burn_rate
from okrbridge.domain.error_budget import consumed_ratio, consumed_to_date, error_ratio, remaining_ratio, sli_ratio
from okrbridge.domain.pacing import KeyResultStatus, expected_ratio
from okrbridge.domain.progress import budget_progress, linear
from okrbridge.domain.rollup import Contribution, roll_up
from okrbridge.domain.units import Unit, convert, parse_unit
from okrbridge.domain.windows import Interval

TARGETS = st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999])
COUNTS = st.integers(0, 10**9)
EVENTS = st.tuples(COUNTS, COUNTS).map(lambda pair: (float(min(pair)), float(max(pair))))  # (bad, total)
RATIOS = st.floats(0, 1)
VALUES = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda value: round(value, 3))


@given(st.lists(EVENTS, min_size=1, max_size=20), TARGETS)
def test_arrays_give_the_numbers_of_floats(events: list[tuple[float, float]], target: float):
    bad, total = np.array(events).T
    assert burn_rate(bad, total, target).tolist() == [burn_rate(*one, target) for one in events]
    assert consumed_ratio(bad, total, target).tolist() == [consumed_ratio(*one, target) for one in events]
    np.testing.assert_array_equal(
        sli_ratio(total - bad, total), [sli_ratio(all_ - bad_, all_) for bad_, all_ in events]
    )
    np.testing.assert_array_equal(error_ratio(bad, total), [error_ratio(*one) for one in events])
    spent = consumed_ratio(bad, total, target)
    assert remaining_ratio(spent).tolist() == [remaining_ratio(one) for one in spent.tolist()]


@given(COUNTS, COUNTS, st.integers(1, 10**9), TARGETS)
def test_more_bad_events_never_burn_less_nor_leave_more(one: int, other: int, more: int, target: float):
    fewer, many = sorted((float(one), float(other)))
    total = many + more
    assert burn_rate(fewer, total, target) <= burn_rate(many, total, target)
    assert consumed_ratio(fewer, total, target) <= consumed_ratio(many, total, target)
    assert remaining_ratio(consumed_ratio(fewer, total, target)) >= remaining_ratio(consumed_ratio(many, total, target))


@given(EVENTS, TARGETS, TARGETS)
def test_a_stricter_target_never_burns_less(events: tuple[float, float], one: float, other: float):
    lax, strict = sorted((one, other))
    assert burn_rate(*events, lax) <= burn_rate(*events, strict)


@given(EVENTS, TARGETS)
def test_the_budget_consumed_of_a_window_is_its_burn(events: tuple[float, float], target: float):
    assert consumed_ratio(*events, target) == pytest.approx(burn_rate(*events, target))


@given(EVENTS, TARGETS)
def test_a_period_that_is_over_has_consumed_what_its_burn_says(events: tuple[float, float], target: float):
    bad, total = events
    assume(total > 0)
    assert consumed_to_date(total - bad, total, target, 1.0) == pytest.approx(burn_rate(bad, total, target))


_SCALES = st.sampled_from(
    [
        (parse_unit(one), parse_unit(other))
        for one, other in (("s", "ms"), ("MB", "KB"), ("KiB", "MiB"), ("/day", "/week"))
    ]
)


@given(VALUES, VALUES, VALUES, _SCALES)
def test_progress_is_the_same_in_every_unit(value: float, baseline: float, target: float, scale: tuple[Unit, Unit]):
    assume(abs(target - baseline) > 1e-2)
    converted = [convert(number, *scale) for number in (value, baseline, target)]
    assert linear(*converted).raw_ratio == pytest.approx(linear(value, baseline, target).raw_ratio, rel=1e-6, abs=1e-6)


@given(VALUES, VALUES, VALUES, VALUES)
def test_nearer_to_the_target_is_never_less_progress(one: float, other: float, baseline: float, target: float):
    assume(target != baseline)
    low, high = sorted((one, other), reverse=target < baseline)
    before, after = linear(low, baseline, target), linear(high, baseline, target)
    assert before.raw_ratio <= after.raw_ratio
    assert 0 <= before.ratio <= after.ratio <= 1


@given(VALUES, VALUES, VALUES)
def test_progress_is_never_written_with_a_minus_before_zero(value: float, baseline: float, target: float):
    assume(target != baseline)
    progress = linear(value, baseline, target)
    assert "-0.0" not in {str(progress.raw_ratio), str(progress.ratio)}


@given(st.floats(0, 3), st.floats(0, 3), RATIOS)
def test_more_budget_spent_is_never_more_progress(one: float, other: float, allowance: float):
    less, more = sorted((one, other))
    assert 1 >= budget_progress(less, allowance).ratio >= budget_progress(more, allowance).ratio >= 0


@given(st.lists(st.tuples(st.integers(0, 13), RATIOS), max_size=5), st.floats(0, 13), st.floats(0, 13))
def test_a_rising_plan_never_expects_less_later(points: list[tuple[int, float]], one: float, other: float):
    weeks, ratios = sorted(number for number, _ in points), sorted(ratio for _, ratio in points)
    checkpoints = [(week(number), ratio) for number, ratio in zip(weeks, ratios, strict=True)]
    period = Interval(START, week(13))
    earlier, later = (expected_ratio(period, week(number), checkpoints) for number in sorted((one, other)))
    assert 0 <= earlier <= later + 1e-12  # the sums of two segments may differ by float noise
    assert later <= 1


_PARTS = st.builds(
    Contribution,
    weight=st.floats(0, 100),
    progress_ratio=st.none() | RATIOS,
    is_current=st.booleans(),
    status=st.sampled_from(KeyResultStatus),
)


@given(st.lists(_PARTS, max_size=8))
def test_a_rolled_up_ratio_stays_between_0_and_1(parts: list[Contribution]):
    rolled = roll_up(parts)
    for ratio in (rolled.progress_ratio, rolled.measured_only_ratio, rolled.coverage_ratio):
        assert ratio is None or 0 <= ratio <= 1
    if rolled.progress_ratio is not None and rolled.measured_only_ratio is not None:
        assert rolled.progress_ratio <= rolled.measured_only_ratio + 1e-12
