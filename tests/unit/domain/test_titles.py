from datetime import UTC, datetime

import pytest
from tests.unit.domain.okr_examples import START, from_to, key_result, threshold

from okrbridge.domain.key_results import KeyResult, KeyResultKind, Operator
from okrbridge.domain.titles import conversion_of, title_of
from okrbridge.domain.units import parse_quantity
from okrbridge.domain.windows import Interval


def as_written(baseline: str, target: str, **changes) -> KeyResult:
    """A key result with the quantities it was declared with, and no title of its own."""
    start, end = parse_quantity(baseline), parse_quantity(target)
    return from_to(baseline, target, declared_baseline=start, declared_target=end, title="", **changes)


@pytest.mark.parametrize(
    ("baseline", "target", "verb", "metric", "title"),
    [
        ("12h", "4h", "reduce", "median first-response time", "Reduce median first-response time from 12 h to 4 h"),
        ("99.2%", "99.95%", "increase", "API uptime", "Increase API uptime from 99.2% to 99.95%"),
        ("2/week", "3/day", "raise", "deployments", "Raise deployments from 2/week to 3/day"),
        ("2.1MB", "500KB", "cut", "the bundle", "Cut the bundle from 2.1 MB to 500 KB"),
        ("8,000", "14,000", "grow", "weekly users", "Grow weekly users from 8,000 to 14,000"),
    ],
)
def test_r2_a_title_is_verb_metric_from_x_to_y_by_when(baseline, target, verb, metric, title):
    # Due at the midnight that ends 31 March.
    assert title_of(as_written(baseline, target, verb=verb, metric_name=metric)) == f"{title} by 31 Mar"


def words(kind: KeyResultKind, **changes) -> str:
    fields = {"baseline": None, "target": None, "title": "", "verb": "keep", "metric_name": "it"}
    return title_of(key_result(kind=kind, **fields | changes))


def test_other_kinds_say_what_must_hold():
    kind = KeyResultKind
    minutes = parse_quantity("15min").unit
    assert words(kind.THRESHOLD, operator=Operator.LT, target=15.0, unit=minutes) == "Keep it under 15 min by 31 Mar"
    assert words(kind.RELATIVE, relative_change=-0.4) == "Keep it by 40% by 31 Mar"
    points, ratio = (parse_quantity(text).unit for text in ("5 points", "5%"))
    assert words(kind.INCREASE, absolute_change=5.0, unit=points) == "Keep it by 5 points by 31 Mar"
    assert words(kind.INCREASE, absolute_change=0.05, unit=ratio) == "Keep it by 5 percentage points by 31 Mar"
    assert words(kind.BAND, low=9.0, high=11.0) == "Keep it between 9 and 11 by 31 Mar"
    assert words(kind.BAND, high=11.0) == "Keep it at most 11 by 31 Mar"
    assert words(kind.BAND, low=9.0) == "Keep it at least 9 by 31 Mar"
    assert words(kind.REACH, target=10.0) == "Keep it to 10 by 31 Mar"
    assert words(kind.BINARY) == "Keep it by 31 Mar"


def test_a_declared_title_stands():
    assert title_of(key_result(title="Signups", verb="raise", metric_name="signups")) == "Signups"


def test_without_verb_or_metric_no_title_is_made():
    assert title_of(key_result(title="", verb="raise")) == ""


def test_the_due_date_is_the_last_day_in_the_zone():
    # 1 April 00:00 in Berlin is 31 March 22:00 UTC, and the last day is 31 March; in Auckland it is 1 April.
    period = Interval(START, datetime(2026, 3, 31, 22, tzinfo=UTC))
    declared = as_written("12h", "4h", verb="reduce", metric_name="it", period=period)
    assert title_of(declared, "Europe/Berlin").endswith("by 31 Mar")
    assert title_of(declared, "Pacific/Auckland").endswith("by 1 Apr")


def test_r5_the_conversion_of_2_a_week_to_3_a_day_is_shown():
    assert conversion_of(as_written("2/week", "3/day")) == "2/week -> 3/day = 2/week -> 21/week (a week has 7 days)"


def test_a_conversion_of_sizes_says_no_days():
    assert conversion_of(as_written("2.1MB", "500KB")) == "2.1 MB -> 500 KB = 2,100 KB -> 500 KB"


def test_where_nothing_was_converted_nothing_is_said():
    assert conversion_of(as_written("12h", "4h")) == ""
    assert conversion_of(threshold(Operator.LT, 15.0)) == ""
