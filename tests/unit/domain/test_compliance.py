import pytest
from tests.unit.domain.okr_examples import START, week

from okrbridge.domain.compliance import Compliance, Verdict, compliance_of, compliance_ratio
from okrbridge.domain.windows import Interval

WEEK = 7 * 86_400.0


def weeks(first: float, last: float | None = None) -> Interval:
    """From the start of one week to the end of another; the first is week 1."""
    return Interval(week(first - 1), week(last if last is not None else first))


def verdicts(*, bad: tuple[int, ...] = (), unknown: tuple[int, ...] = (), count: int = 13) -> list[Verdict]:
    return [Verdict(weeks(number), None if number in unknown else number not in bad) for number in range(1, count + 1)]


def test_r24_only_the_peak_weeks_count():
    # Weeks 3 and 7 are peak weeks, week 7 was bad: 1 of 2, not 12 of 13.
    found = compliance_of(verdicts(bad=(7,)), [weeks(3), weeks(7)])
    assert found == Compliance(WEEK, 2 * WEEK, 0.5)


def test_12_good_weeks_of_13_are_0_9231():
    assert compliance_of(verdicts(bad=(13,))).ratio == pytest.approx(0.9231, abs=5e-5)


def test_a_bad_week_outside_the_qualified_time_costs_nothing():
    assert compliance_of(verdicts(bad=(5,)), [weeks(3), weeks(7)]).ratio == 1


def test_time_without_data_is_neither_good_nor_bad():
    assert compliance_of(verdicts(bad=(1,), unknown=(2, 3), count=4)) == Compliance(WEEK, 2 * WEEK, 0.5)


def test_verdicts_are_cut_to_the_qualified_time_and_time_named_twice_counts_once():
    # Half of week 1 qualifies, twice named, and it was good; half of week 2, and it was bad.
    half = [Interval(START, week(0.5)), Interval(week(0.25), week(0.5)), Interval(week(1.5), week(2))]
    assert compliance_of(verdicts(bad=(2,)), half) == Compliance(WEEK / 2, WEEK, 0.5)


def test_without_observed_time_there_is_no_compliance():
    assert compliance_ratio(0.0, 0.0) is None
    assert compliance_of([]) == Compliance(0.0, 0.0, None)
    assert compliance_of(verdicts(count=2), [weeks(3)]).ratio is None
