"""Which selectors can be counted, and how they are rendered."""

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrbridge.promql.selectors import Selector, metric_names, parse_selector, selector_fault
from okrbridge.promql.syntax import quoted


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("http_requests_total", "http_requests_total"),
        (" ( http_requests_total {} ) ", "http_requests_total"),
        ('x{ b = \'q"\', a!~"5.." , }', 'x{a!~"5..",b="q\\""}'),
        ('x{b="2",a="1",b="2"}', 'x{a="1",b="2"}'),
        ('x{a=~"GET",b!~"a-b",c=~".*",d=~"a.b"}', 'x{a="GET",b!="a-b",d=~"a.b"}'),
        ('{__name__="x",a="b"}', 'x{a="b"}'),
        ('{"my.metric",a="b"}', '{__name__="my.metric",a="b"}'),
        (r"x{path=~`/a\d`}", r'x{path=~"/a\\d"}'),
        ("job:errors:rate5m # recorded", "job:errors:rate5m"),
    ],
)
def test_a_plain_selector_is_normalised(query, text):
    assert selector_fault(query) is None
    assert str(parse_selector(query)) == text


def test_a_selector_is_rendered_with_a_range_and_an_offset_after_it():
    selector = parse_selector('x{a="b"}')
    assert selector.over("5m") == 'x{a="b"}[5m]'
    assert selector.over("5m", offset="60s") == 'x{a="b"}[5m] offset 60s'


def test_another_metric_of_the_same_targets_keeps_only_their_labels():
    selector = parse_selector('x{job="api",code="500",instance=~"pod-.*"}')
    assert str(selector.target_metric("up")) == 'up{instance=~"pod-.*",job="api"}'


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sum(rate(x_total[5m]))", "write the counter itself, x_total; okrbridge counts its increase exactly"),
        ('increase(x_total{code="500"}[1m])', 'write the counter itself, x_total{code="500"};'),
        ("x_total[5m]", "write the counter itself, x_total;"),
        ("x_total offset 5m", "moves the counts in time; write the counter itself, x_total;"),
        ("x_total @ 100", "moves the counts in time"),
        ("a_total + b_total", "joins several counters, a_total and b_total"),
        ('{job="api"}', "must name its counter exactly"),
        ('{__name__=~"x.*"}', "must name its counter exactly"),
        ('x{a="1" or b="2"}', "no `or` between matchers"),
        ("42", "this is no counter"),
        ('x{a="1",a="2"}', 'no series can match: a cannot be "1" and "2" at once'),
        ('x{a=~"a)(b"}', "'a)(b' is no regular expression: "),
        ("x_total{", "this is not PromQL"),
        ("", "the query is empty"),
    ],
)
def test_anything_else_is_refused_with_its_remedy(query, words):
    fault = selector_fault(query)
    assert fault is not None
    assert words in fault


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_any_label_value_survives_being_read_and_rendered(value):
    rendered = parse_selector(f"x{{a={quoted(value)}}}")
    selector = promql_parser.parse(str(rendered))
    assert isinstance(selector, promql_parser.VectorSelector)
    [matcher] = selector.matchers.matchers
    assert matcher.value == value


def test_the_metrics_of_an_expression_are_found_once_each():
    query = 'sum(rate(a_total{x="1"}[5m])) / sum(rate(b_total[5m])) + a_total + {__name__=~"c.*"}'
    assert metric_names(query) == ["a_total", "b_total"]


def test_selectors_with_equal_text_are_equal():
    assert parse_selector('{__name__="x"}') == parse_selector("x{}") == Selector("x")
