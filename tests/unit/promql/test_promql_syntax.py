"""Reading PromQL without a server."""

import pytest

from okrbridge.promql.syntax import number_fault, quoted


@pytest.mark.parametrize(
    "query",
    [
        "up",
        'sum by (job) (rate(http_requests_total{code=~"5.."}[5m])) / sum by (job) (rate(http_requests_total[5m]))',
        "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[1d])))",
        'up{path="/{{id}}"}',
        'up{price="$1"}',
        r"up{path=~`/a\d+`}",
        "up # {{a comment}}",
        "max_over_time(up[1h:1m]) > bool 0",
    ],
)
def test_promql_is_accepted(query):
    assert number_fault(query) is None


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "the query is empty"),
        ("  \n", "the query is empty"),
        ("# nothing else", "only a comment"),
        ("rate(x[{{.window}}])", "{{.window}} is a template, and nothing fills it in here; write a plain duration"),
        ("rate(x[$__rate_interval])", "$__rate_interval is a template"),
        ("rate(x[${__range}])", "${__range} is a template"),
        ("sum(up", "this is not PromQL"),
        ("rate(up)", "expected type matrix"),
        ("no_such_function(up)", "no_such_function"),
        ("(" * 5000, "nests more than 100 brackets"),
        ("+".join(["up"] * 5000), "the query has 4999 operators, more than 250"),
    ],
)
def test_a_fault_is_told_in_words_that_help(query, words):
    fault = number_fault(query)
    assert fault is not None
    assert words in fault


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("up[5m]", "a range of samples"),
        ("up[1h:5m]", "a range of samples"),
        ('("up")', "a text"),
        ("sum(", "not PromQL"),
    ],
)
def test_a_query_that_cannot_give_a_number_is_told(query, words):
    fault = number_fault(query)
    assert fault is not None
    assert words in fault


def test_a_query_that_can_give_a_number_has_no_fault():
    assert number_fault("(sum(up))") is None


def test_quoting_keeps_every_character():
    # Backslash, double quote and line feed are what a PromQL string cannot hold as they are.
    assert quoted('a\\b"c\nd') == '"a\\\\b\\"c\\nd"'
