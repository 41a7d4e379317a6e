"""What holds for all key results, not only for the worked ones."""

import math
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.unit.domain.okr_examples import HALF_WAY, PERIOD, key_result

from okrbridge.domain.aggregation import aggregate
from okrbridge.domain.baselines import resolve_baseline
from okrbridge.domain.composition import capped, capped_score, composed
from okrbridge.domain.forecast import forecast
from okrbridge.domain.key_results import Commitment, Evidence, KeyResultKind, Operator
from okrbridge.domain.measures import Aggregation
from okrbridge.domain.pacing import KeyResultStatus, expected_ratio, gap_status, pace_of
from okrbridge.domain.progress import Progress, linear, progress_of
from okrbridge.domain.rollup import Contribution, best, roll_up, worst
from okrbridge.domain.run_rate import counting_window, run_rate
from okrbridge.domain.scoring import score_of
from okrbridge.domain.shares import share_of
from okrbridge.domain.windows import CalendarUnit

K, S = KeyResultKind, KeyResultStatus
RATIOS = st.floats(0, 1)
ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia"]
ANY = st.floats(allow_nan=False, allow_infinity=False)
ROUND = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda value: round(value, 3))
WORST_FIRST = [S.MISSED, S.OFF_TRACK, S.AT_RISK, S.STALE, S.NO_DATA, S.ON_TRACK, S.ACHIEVED]
OF_EACH_KIND: dict[KeyResultKind, dict[str, Any]] = {
    K.INCREASE: {},
    K.DECREASE: {"baseline": 100.0, "target": 0.0},
    K.REACH: {"baseline": None, "target": 10.0},
    K.THRESHOLD: {"baseline": None, "operator": Operator.LT},
    K.MAINTAIN: {"baseline": None, "operator": Operator.GE},
    K.BAND: {"baseline": None, "target": None, "low": 9.0, "high": 11.0},
    K.RELATIVE: {"baseline": 50.0, "target": 30.0},
    K.SHARE: {"baseline": None, "target": 0.9},
    K.COUNT_PER_PERIOD: {"baseline": 12.0, "target": 3.0},
    K.ERROR_BUDGET: {"baseline": None, "target": 0.5},
    K.BINARY: {"baseline": None, "target": None},
    K.MILESTONE: {"baseline": None, "target": None, "evidence": Evidence("https://example.org", HALF_WAY)},
    K.ORDINAL: {"baseline": None, "target": None},
    K.COMPOSITE: {"baseline": None, "target": None},
}


def test_there_is_an_example_of_each_kind_with_progress():
    assert set(KeyResultKind) - set(OF_EACH_KIND) == {K.BASELINE, K.HYPOTHESIS}


@pytest.mark.parametrize("kind", OF_EACH_KIND, ids=str)
@given(value=ANY, compliance=RATIOS)
def test_progress_is_clamped_finite_and_never_minus_0(kind: KeyResultKind, value: float, compliance: float):
    progress = progress_of(key_result(kind=kind, **OF_EACH_KIND[kind]), value, compliance)
    assert progress is not None
    assert math.isfinite(progress.raw_ratio)
    assert 0 <= progress.ratio <= 1
    assert "-0.0" not in {str(progress.raw_ratio), str(progress.ratio)}


@given(ANY, ANY, ANY)
def test_progress_is_finite_up_to_the_largest_floats(value: float, baseline: float, target: float):
    assume(abs(target / 2 - baseline / 2) > 1e-300)
    progress = linear(value, baseline, target)
    assert math.isfinite(progress.raw_ratio)
    assert 0 <= progress.ratio <= 1


# A change of unit, °F for °C included: v' = a + b x v.
@given(ROUND, ROUND, ROUND, ROUND, st.sampled_from([-60.0, -1.0, 0.001, 1.8, 7.0, 1000.0]))
def test_progress_does_not_depend_on_the_unit(
    value: float, baseline: float, target: float, offset: float, factor: float
):
    assume(abs(target - baseline) > 0.1)
    converted = [offset + factor * number for number in (value, baseline, target)]
    expected = linear(value, baseline, target).raw_ratio
    assert linear(*converted).raw_ratio == pytest.approx(expected, rel=1e-6, abs=1e-4)


# The kinds of which more, or less, is better throughout.
MORE_IS_BETTER = [K.INCREASE, K.REACH, K.SHARE, K.BINARY, K.MILESTONE, K.ORDINAL, K.COMPOSITE]
LESS_IS_BETTER = [K.DECREASE, K.RELATIVE, K.COUNT_PER_PERIOD, K.ERROR_BUDGET, K.THRESHOLD]


@pytest.mark.parametrize("kind", [*MORE_IS_BETTER, *LESS_IS_BETTER], ids=str)
@given(one=ROUND, other=ROUND)
def test_a_better_value_is_never_less_progress(kind: KeyResultKind, one: float, other: float):
    declared = key_result(kind=kind, **OF_EACH_KIND[kind])
    worse, better = sorted((one, other), reverse=kind in LESS_IS_BETTER)
    before, after = progress_of(declared, worse), progress_of(declared, better)
    assert before is not None
    assert after is not None
    assert before.raw_ratio <= after.raw_ratio
    assert before.ratio <= after.ratio


@given(st.floats(-2, 2), st.floats(-2, 2))
def test_a_larger_gap_is_never_a_better_status(one: float, other: float):
    small, large = sorted((one, other))
    assert WORST_FIRST.index(gap_status(large)) <= WORST_FIRST.index(gap_status(small))


@given(RATIOS, RATIOS, st.sampled_from(Commitment))
def test_more_progress_is_never_a_worse_status(one: float, other: float, commitment: Commitment):
    declared = key_result(commitment=commitment)
    statuses = [pace_of(declared, HALF_WAY, 0.0, Progress.of(raw)).status for raw in sorted((one, other))]
    assert WORST_FIRST.index(statuses[0]) <= WORST_FIRST.index(statuses[1])


@given(ROUND, st.floats(-0.99, 3).map(lambda change: round(change, 4)), RATIOS)
def test_a_relative_target_is_reached_by_just_that_change(baseline: float, change: float, part: float):
    assume(abs(baseline) > 1)
    assume(abs(change) > 1e-3)
    declared = key_result(kind=K.RELATIVE, baseline=None, target=None, relative_change=change)
    resolved = resolve_baseline(declared, baseline)
    progress = progress_of(resolved, baseline * (1 + change * part))
    assert progress is not None
    assert progress.ratio == pytest.approx(part, abs=1e-6)


@given(ROUND, ROUND, RATIOS)
def test_a_target_by_points_is_reached_by_just_that_way(baseline: float, change: float, part: float):
    assume(abs(change) > 1e-3 * max(1, abs(baseline)))
    declared = key_result(baseline=None, target=None, absolute_change=change)
    progress = progress_of(resolve_baseline(declared, baseline), baseline + change * part)
    assert progress is not None
    assert progress.ratio == pytest.approx(part, abs=1e-6)


PARTS = st.lists(
    st.builds(
        Contribution,
        weight=st.floats(0, 100),
        progress_ratio=st.none() | RATIOS,
        is_current=st.booleans(),
        status=st.sampled_from(KeyResultStatus),
        counts=st.booleans(),
        coverage_ratio=RATIOS,
    ),
    max_size=6,
)


@given(PARTS, st.randoms(use_true_random=False))
def test_the_order_of_the_parts_does_not_matter(parts: list[Contribution], shuffled):
    other = list(parts)
    shuffled.shuffle(other)
    assert roll_up(other) == roll_up(parts)
    assert worst(one.status for one in other) is worst(one.status for one in parts)


@given(PARTS)
def test_a_rolled_up_ratio_stays_within_its_parts(parts: list[Contribution]):
    counted = [one.progress_ratio or 0.0 for one in parts if one.counts and one.weight > 0]
    rolled = roll_up(parts)
    assert (rolled.progress_ratio is None) is (not counted)
    if rolled.progress_ratio is not None:
        assert min(counted) <= rolled.progress_ratio <= max(counted)


@given(st.lists(RATIOS, min_size=1, max_size=6), st.floats(0.1, 100))
def test_a_composite_of_equal_weights_is_the_mean(ratios: list[float], weight: float):
    found = composed(ratios, [weight] * len(ratios))
    assert found.ratio == pytest.approx(sum(ratios) / len(ratios))


@given(st.sampled_from(KeyResultStatus), st.booleans(), RATIOS)
def test_a_guard_never_makes_anything_better(status: KeyResultStatus, breached: bool, score: float):  # noqa: FBT001 - as drawn
    shown = capped(status, guard_breached=breached)
    assert shown is status or WORST_FIRST.index(shown) <= WORST_FIRST.index(status)
    assert capped_score(score, [float(not breached)]) <= score


@given(st.lists(RATIOS, min_size=2, max_size=20))
def test_a_further_key_result_never_scores_less(ratios: list[float]):
    scores = [score_of(ratio).value for ratio in sorted(ratios)]
    assert all(less <= more for less, more in pairwise(scores))
    assert all(abs(score_of(ratio).value - ratio) <= 0.05 + 1e-9 for ratio in ratios)


@given(st.dictionaries(st.text(max_size=3), st.none() | ANY, max_size=6), st.sampled_from(Operator), ANY)
def test_every_member_is_good_missing_or_pending(members: dict[str, float | None], operator: Operator, limit: float):
    found = share_of(members, operator, limit)
    assert found.good + len(found.missing) == found.total == len(members) - len(found.pending)
    assert (found.ratio is None) is (found.total == 0)
    assert not found.missing or (found.worst is not None and not operator.holds(found.worst.value, limit))


@given(st.integers(0, 1000), st.floats(1e-3, 1))
def test_a_run_rate_is_never_below_its_count(count: int, elapsed: float):
    rate = run_rate(count, elapsed)
    assert rate.value is not None
    assert rate.value >= count


@given(st.lists(st.sampled_from(KeyResultStatus), max_size=6))
def test_the_best_is_never_worse_than_the_worst(statuses: list[KeyResultStatus]):
    low, high = worst(statuses), best(statuses)
    assert (low is None) is (high is None)
    assert low is None or high is None or WORST_FIRST.index(low) <= WORST_FIRST.index(high)


# What falls from B to T is what rises from -B to -T, seen in a mirror.
@given(ROUND, ROUND, ROUND)
def test_a_mirrored_way_has_the_same_progress(value: float, baseline: float, target: float):
    assume(baseline != target)
    assert linear(-value, -baseline, -target) == linear(value, baseline, target)


@given(RATIOS, st.floats(1e-3, 1e3))
def test_a_composite_of_one_part_is_that_part(ratio: float, weight: float):
    assert composed([ratio], [weight]).ratio == ratio


@given(PARTS, st.sampled_from([2.0**power for power in range(-8, 9)]))
def test_only_the_proportions_of_weights_matter(parts: list[Contribution], factor: float):
    scaled = [replace(one, weight=one.weight * factor) for one in parts]
    assume(all((one.weight > 0) == (other.weight > 0) for one, other in zip(parts, scaled, strict=True)))
    before, after = roll_up(parts), roll_up(scaled)
    assert after.progress_ratio == (None if before.progress_ratio is None else pytest.approx(before.progress_ratio))
    assert after.coverage_ratio == (None if before.coverage_ratio is None else pytest.approx(before.coverage_ratio))


@given(PARTS)
def test_coverage_tells_of_no_more_than_was_measured(parts: list[Contribution]):
    rolled = roll_up(parts)
    counted = [one for one in parts if one.counts and one.weight > 0]
    assert (rolled.coverage_ratio is None) is (not counted)
    if not any(one.is_current for one in counted):
        assert not rolled.coverage_ratio


CHECKPOINTS = st.lists(st.tuples(st.integers(1, 89), RATIOS), max_size=4, unique_by=lambda one: one[0])


@given(CHECKPOINTS, st.floats(-10, 100))
def test_the_plan_stays_between_0_and_1_and_passes_its_checkpoints(points: list[tuple[int, float]], day: float):
    planned = [(PERIOD.start + timedelta(days=after), ratio) for after, ratio in points]
    assert 0 <= expected_ratio(PERIOD, PERIOD.start + timedelta(days=day), planned) <= 1
    for at, ratio in planned:
        assert expected_ratio(PERIOD, at, planned) == pytest.approx(ratio)
    assert (expected_ratio(PERIOD, PERIOD.start, planned), expected_ratio(PERIOD, PERIOD.end, planned)) == (0.0, 1.0)


@given(CHECKPOINTS, st.lists(st.floats(0, 90), min_size=2, max_size=6))
def test_a_plan_whose_checkpoints_ascend_never_goes_back(points: list[tuple[int, float]], days: list[float]):
    ascending = zip(sorted(after for after, _ in points), sorted(ratio for _, ratio in points), strict=True)
    planned = [(PERIOD.start + timedelta(days=after), ratio) for after, ratio in ascending]
    expected = [expected_ratio(PERIOD, PERIOD.start + timedelta(days=day), planned) for day in sorted(days)]
    assert all(less <= more + 1e-12 for less, more in pairwise(expected))


@given(st.sampled_from(list(CalendarUnit)), st.integers(0, 400), st.integers(0, 400 * 24), st.sampled_from(ZONES))
def test_a_count_per_period_looks_back_to_its_start_at_most(unit: CalendarUnit, day: int, hours: int, zone: str):
    start = PERIOD.start + timedelta(days=day)
    at = start + timedelta(hours=hours)
    found = counting_window(start, at, str(unit), zone)
    assert start <= found.window.start <= found.window.end == at
    assert 0 <= found.elapsed_ratio <= 1
    later = counting_window(start, at + timedelta(hours=1), str(unit), zone)
    assert later.elapsed_ratio >= found.elapsed_ratio


@given(st.lists(st.floats(-1e6, 1e6), max_size=20), st.integers(0, 20))
def test_counts_and_sums_of_disjoint_windows_add_up(numbers: list[float], cut: int):
    one, other = numbers[:cut], numbers[cut:]
    for how in (Aggregation.COUNT, Aggregation.SUM):
        parts = [aggregate(each, how) for each in (one, other)]
        assert sum(part for part in parts if part is not None) == pytest.approx(aggregate(numbers, how), abs=1e-6)


@given(st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 3)), min_size=4, max_size=12), st.floats(0.5, 20))
def test_a_forecast_is_the_same_in_a_mirror(values: list[float], left: float):
    weeks, series = np.arange(float(len(values))), np.array(values)
    due = len(values) - 1 + left
    there = forecast(weeks, series, due, goal=10.0, way=100.0)
    back = forecast(weeks, -series, due, goal=-10.0, wants_high=False, way=100.0)
    assert there is not None
    assert back is not None
    assert (-back.p90, -back.p50, -back.p10) == pytest.approx((there.p10, there.p50, there.p90), rel=1e-6, abs=1e-6)
    assert back.hit_probability == pytest.approx(there.hit_probability, abs=1e-6)


@given(RATIOS, RATIOS, st.sampled_from(Commitment), st.floats(0, 1))
def test_of_two_equal_plans_the_further_has_the_smaller_gap(
    one: float, other: float, commitment: Commitment, when: float
):
    at = PERIOD.start + when * PERIOD.length
    less, more = sorted((one, other))
    gaps = [pace_of(key_result(commitment=commitment), at, 0.0, Progress.of(raw)).gap_ratio for raw in (more, less)]
    assert gaps[0] is not None
    assert gaps[1] is not None
    assert gaps[0] <= gaps[1]
    assert "-0.0" not in map(str, gaps)
