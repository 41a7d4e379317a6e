"""Queries that are evaluated as they stand."""

import re
from datetime import timedelta

import pytest

from okrbridge.promql.as_written import events_per_slice, fill_window, terms_per_slice
from okrbridge.promql.syntax import number_fault
from okrbridge.promql.terms import parse_terms

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("query", "filled"),
    [
        ("x", "x"),
        ("avg_over_time(x[{{.window}}])", "avg_over_time(x[60s])"),
        ("sum(increase(x[{{ .window }}]))", "sum(increase(x[60s]))"),
        # A speed does not grow with its range, which must hold two scrapes.
        ("sum(rate(x[$__rate_interval]))", "sum(rate(x[300s]))"),
        ("rate( x{a='(' } [{{.window}}]) + max_over_time(x[{{.window}}])",
         "rate( x{a='(' } [300s]) + max_over_time(x[60s])"),
        ('x{path="{{.window}}"} # {{.window}}', 'x{path="{{.window}}"} # {{.window}}'),
        ("(x) * {{.seconds}} / 300", "(x) * 60 / 300"),
        ('x{a="{{.seconds}}"}', 'x{a="{{.seconds}}"}'),
        ("rate(x[5m])", "rate(x[5m])"),
    ],
)  # fmt: skip
def test_what_was_left_open_is_filled_for_slices_of_a_minute(query, filled):
    assert fill_window(query, MINUTE) == filled


def test_a_long_slice_is_the_range_of_a_speed_too():
    assert fill_window("rate(x[{{.window}}])", timedelta(minutes=15)) == "rate(x[900s])"


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        # x events a second, for 60 seconds
        ("histogram_count(sum(rate(x[{{.window}}])))", "(histogram_count(sum(rate(x[300s])))) * 60"),
        ('sum(rate({__name__=~"a|b"}[5m]))', '(sum(rate({__name__=~"a|b"}[5m]))) * 60'),
        # x events in 300 seconds: a fifth of them in 60
        ("histogram_count(increase(x[{{.window}}]))", "(histogram_count(increase(x[300s]))) * 60 / 300"),
        (
            "sum(increase(x[1h]) * on (pod) group_left () y)",
            "(sum(increase(x[1h]) * on (pod) group_left () y)) * 60 / 3600",
        ),
        ("sum(rate(x[5m])) # errors", "(sum(rate(x[5m]))) * 60"),
        ("clamp_min(sum(rate(a[5m]) - rate(b[5m])), 0)", "(clamp_min(sum(rate(a[5m]) - rate(b[5m])), 0)) * 60"),
        ("sum(rate(a[5m])) / 2", "(sum(rate(a[5m])) / 2) * 60"),
        ("increase(sum(a)[10m:1m])", "(increase(sum(a)[10m:1m])) * 60 / 600"),
    ],
)
def test_a_speed_is_made_a_number_of_events(query, asked):
    filled = fill_window(events_per_slice(query), MINUTE)
    assert filled == asked
    assert number_fault(filled) is None


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("a offset 5m", "it gives no number of events in a time; write the counter itself"),
        ('{__name__=~"x.*"}', "it gives no number of events in a time"),
        ("sum(rate(a[5m])) / sum(rate(b[5m]))", "it divides or multiplies speeds"),
        ("1 / rate(a[5m])", "it divides or multiplies speeds"),
        ("rate(a[5m]) * rate(b[5m])", "it divides or multiplies speeds"),
        ("rate(a[5m]) ^ 2", "`^` of a speed is no number of events"),
        ("rate(a[5m]) > bool 1", "a comparison with bool"),
        ("1 - rate(a[5m])", "`-` joins a speed and what is none"),
        ("increase(a[5m]) + increase(b[1h])", "it mixes ranges of different lengths"),
        ("increase(a[5m]) + rate(b[5m])", "it mixes ranges of different lengths"),
    ],
)
def test_what_is_not_in_proportion_to_time_is_refused(query, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        events_per_slice(query)


def test_counters_beside_such_a_query_are_counted_the_same_way():
    asked = fill_window(terms_per_slice(parse_terms("a + b - c")), MINUTE)
    assert asked == "(sum(rate(a[300s])) + sum(rate(b[300s])) - sum(rate(c[300s]))) * 60"
