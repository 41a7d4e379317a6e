"""The arithmetic behind time slices, composites and silent time, alone."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrbridge.domain.composite import (
    composite_counts,
    composite_error_ratio,
    contradiction,
    keep_own_targets,
    target_of,
    weighted_mean,
)
from okrbridge.domain.no_data import Known, decided_events, decided_time_slices
from okrbridge.domain.sli import CompositeMode, Member, Sli
from okrbridge.domain.slo import Budgeting, NoDataPolicy
from okrbridge.domain.time_slices import MemberSlices, SliceRule, SliceTally, SliceTargets, known_of, tally

API = Sli("api", "prometheus", total="t", bad="b")
WEIGHTED, WORST, ALL = CompositeMode
GOOD, BAD, IGNORE, UNKNOWN = NoDataPolicy.GOOD, NoDataPolicy.BAD, NoDataPolicy.IGNORE, NoDataPolicy.UNKNOWN


def column(*values: float) -> np.ndarray:
    return np.array([[value] for value in values], dtype=np.float64)


@pytest.mark.parametrize(
    ("mode", "ratio"),
    [(WEIGHTED, 0.02), (WORST, 0.05)],  # (3 x 0.01 + 0.05) / 4
)
def test_a_composite_weighs_or_takes_the_worst(mode, ratio):
    good, total, weights = column(990, 95), column(1000, 100), np.array([3.0, 1.0])
    assert composite_error_ratio(mode, good, total, weights).tolist() == pytest.approx([ratio])
    good_events, events = composite_counts(mode, good, total, weights)
    assert events.tolist() == [1100]
    assert 1 - good_events[0] / 1100 == pytest.approx(ratio)


@pytest.mark.parametrize("mode", [WEIGHTED, WORST])
def test_members_without_events_have_no_ratio(mode):
    assert np.isnan(composite_error_ratio(mode, column(0, 0), column(0, 0), np.ones(2))).all()
    assert composite_error_ratio(mode, column(0, 9), column(0, 10), np.ones(2)).tolist() == pytest.approx([0.1])


def test_good_above_total_is_not_averaged_away():
    assert contradiction(column(12, 0), column(10, 1000)).tolist() == [2]
    good, total = composite_counts(WEIGHTED, column(12, 1000), column(10, 1000), np.ones(2))
    assert good[0] > total[0]


def test_a_target_met_exactly_is_kept():
    # 0.1 + 0.2 is not 0.3 in floats; neither may 97 of 100 miss 0.97.
    for percent in range(1, 100):
        assert keep_own_targets(column(percent), column(100), np.array([percent / 100])).tolist() == [1]


@pytest.mark.parametrize(("mode", "target"), [(WEIGHTED, 0.99675), (WORST, 0.99), (ALL, 0.99)])
def test_a_composite_has_a_target_of_its_own(mode, target):
    assert target_of(mode, (Member(API, 0.999, 3), Member(API, 0.99, 1))) == target


def test_equal_targets_are_the_composites():
    assert target_of(WEIGHTED, (Member(API, 0.999, 0.1), Member(API, 0.999, 0.2), Member(API, 0.999, 0.7))) == 0.999


def test_members_that_keep_just_their_targets_spend_a_weighted_budget_exactly():
    members = (Member(API, 0.999, 3), Member(API, 0.99, 1))
    ratio = composite_error_ratio(WEIGHTED, column(999, 990), column(1000, 1000), np.array([3.0, 1.0]))
    assert ratio[0] / (1 - target_of(WEIGHTED, members)) == pytest.approx(1)


def test_measured_time_is_averaged_by_weight():
    assert weighted_mean(column(60, 0), np.array([3.0, 1.0])).tolist() == [45]


def known(good: float, total: float, measured: float, silent: float, in_force: float) -> Known:
    return Known(*(np.array([number], dtype=np.float64) for number in (good, total, measured, silent, in_force)))


def numbers(found: Known) -> list[float]:
    return [float(part[0]) for part in (found.good, found.total, found.measured, found.in_force)]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        # 50 of 60 minutes measured, 10 silent: 1000 x 10 / 50 = 200 events.
        (UNKNOWN, [990, 1000, 3000, 3600]),
        (BAD, [990, 1200, 3600, 3600]),
        (GOOD, [1190, 1200, 3600, 3600]),
        (IGNORE, [990, 1000, 3000, 3000]),
    ],
)
def test_silent_time_has_the_mean_traffic(policy, expected):
    assert numbers(decided_events(known(990, 1000, 3000, 600, 3600), policy, 60)) == expected


@pytest.mark.parametrize(
    ("given_counts", "expected"),
    [
        ((0, 0, 0, 600, 600), [0, 10, 600, 600]),  # nothing was measured: an event a slice
        ((0, 0, 300, 300, 600), [0, 0, 600, 600]),  # measured and idle: no traffic to fail
        ((0, 0, 0, 0, 600), [0, 0, 0, 600]),  # never answered for: nothing is known
    ],
)
def test_where_there_is_no_mean_traffic(given_counts, expected):
    assert numbers(decided_events(known(*given_counts), BAD, 60)) == expected


@pytest.mark.parametrize(("policy", "expected"), [(BAD, [10, 12, 720, 900]), (GOOD, [12, 12, 720, 900])])
def test_silent_time_slices_are_as_many_slices(policy, expected):
    assert numbers(decided_time_slices(known(10, 10, 600, 120, 900), policy, 60)) == expected


_SECONDS = st.integers(0, 100).map(lambda slices: 60.0 * slices)


@given(st.integers(0, 100), st.integers(0, 100), _SECONDS, _SECONDS, _SECONDS, st.sampled_from(list(NoDataPolicy)))
def test_no_policy_makes_more_than_all_time_measured_or_contradicts_itself(  # noqa: PLR0917 - hypothesis gives each
    good: int, bad: int, measured: float, silent: float, unasked: float, policy: NoDataPolicy
):
    total = float(good + bad) if measured else 0.0
    before = known(min(good, total), total, measured, silent, measured + silent + unasked)
    after = decided_events(before, policy, 60)
    assert 0 <= after.good[0] <= after.total[0] + 1e-9
    assert after.measured[0] <= after.in_force[0]
    assert after.total[0] >= total


def slices(good: Sequence[float], total: Sequence[float], *, gaps: tuple[int, ...] = ()) -> MemberSlices:
    count = len(good)
    measured = np.array([place not in gaps for place in range(count)], dtype=bool)
    starts = 60 * np.arange(count, dtype=np.int64)
    everything = np.ones(count, dtype=bool)
    goods, totals = (np.array([[events]], dtype=np.float64) * measured for events in (good, total))
    return MemberSlices(starts, goods, totals, measured[None, None, :], everything[None, None, :], everything)


def judged(method: Budgeting, seconds: int, target: float, given_slices: MemberSlices) -> Known:
    rule = SliceRule(method, seconds, 60)
    targets = SliceTargets(np.array([target]), np.ones((1, 1)), np.zeros((1, 1)))
    rows = tally(given_slices, rule, targets).packed().sum(axis=-1, keepdims=True)
    known = known_of(SliceTally.unpacked(rows), np.array([[60.0 * len(given_slices.starts)]]))
    return Known(*(part[0] for part in (known.good, known.total, known.measured, known.silent, known.in_force)))


def test_five_minutes_are_judged_together():
    # 499 of 500 is 0.998, above 0.995.
    found = judged(Budgeting.TIMESLICES, 300, 0.995, slices([100, 100, 100, 100, 99], [100] * 5))
    assert numbers(found) == pytest.approx([1, 1, 300, 300])
    ratio = judged(Budgeting.RATIO_TIMESLICES, 300, 0.0, slices([100, 100, 100, 100, 99], [100] * 5))
    assert numbers(ratio) == pytest.approx([0.998, 1, 300, 300])


def test_idle_slices_are_good_where_others_are_busy():
    # 58 busy minutes, one of them bad, and 2 idle ones.
    found = judged(Budgeting.TIMESLICES, 60, 0.9, slices([0] + [10] * 57 + [0, 0], [10] * 58 + [0, 0]))
    assert numbers(found) == [59, 60, 3600, 3600]


def test_a_gap_in_a_time_slice_is_not_judged():
    found = judged(Budgeting.TIMESLICES, 300, 0.9, slices([10] * 5, [10] * 5, gaps=(1, 2)))
    assert numbers(found) == pytest.approx([0.6, 0.6, 180, 300])
    assert found.silent.tolist() == [120]


def test_no_slices_are_no_time():
    assert numbers(judged(Budgeting.TIMESLICES, 300, 0.9, slices([], []))) == [0, 0, 0, 0]
