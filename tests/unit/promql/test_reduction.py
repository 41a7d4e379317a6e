# ruff: noqa: E501 - a row of a table, with the query as its tool's documents have it, reads best unbroken
"""What is counted inside the queries of Sloth, Pyrra, OpenSLO and Grafana."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrbridge.promql.reduction import reduce_ratio, reduce_to_counters
from okrbridge.promql.terms import parse_terms, terms_text

# query, its counters
REDUCED = [
    # OpenSLO, bare counters, and sums of them
    ("http_requests_total", "http_requests_total"),
    ('localhost_server_requests{code=~"2xx|3xx",host="*",instance="127.0.0.1:9090",job="prometheus"}',
     'localhost_server_requests{code=~"2xx|3xx",host="*",instance="127.0.0.1:9090",job="prometheus"}'),
    ('sum(localhost_server_requests{code=~"2xx|3xx",host="*"})', 'localhost_server_requests{code=~"2xx|3xx",host="*"}'),
    ('sum(http_requests{k8s_cluster="prod",component="web",code=~"2xx|4xx"})',
     'http_requests{code=~"2xx|4xx",component="web",k8s_cluster="prod"}'),
    ('sum(increase(http_request_count{service="a"}[1h]))', 'http_request_count{service="a"}'),
    # Sloth's documentation and examples
    ('sum(rate(http_request_duration_seconds_count{job="myservice",code=~"(5..|429)"}[{{.window}}]))',
     'http_request_duration_seconds_count{code=~"(5..|429)",job="myservice"}'),
    ('sum(rate(http_request_duration_seconds_count{job="myservice"}[{{.window}}]))',
     'http_request_duration_seconds_count{job="myservice"}'),
    ('sum(rate(apiserver_request_total{code=~"(5..|429)"}[{{ .window }}]))', 'apiserver_request_total{code=~"(5..|429)"}'),
    ("sum(rate(apiserver_request_total[{{- .window -}}]))", "apiserver_request_total"),
    ("""(
          sum(rate(apiserver_request_duration_seconds_count{verb!="WATCH"}[{{.window}}]))
          -
          sum(rate(apiserver_request_duration_seconds_bucket{le="0.4",verb!="WATCH"}[{{.window}}]))
        )""",
     'apiserver_request_duration_seconds_count{verb!="WATCH"} - apiserver_request_duration_seconds_bucket{le="0.4",verb!="WATCH"}'),
    ('sum(rate(traefik_service_requests_total{service=~"^github-.*$",code=~"5.."}[{{.window}}]))',
     'traefik_service_requests_total{code=~"5..",service=~"^github-.*$"}'),
    ("sum(increase(kubelet_runtime_operations_errors_total[{{.window}}]))", "kubelet_runtime_operations_errors_total"),
    ("sum(rate(a_total[{{.window}}])) OR on() vector(0)", "a_total"),
    ("sum(rate(a_total[{{.window}}])) or vector(0)", "a_total"),
    ("(sum(rate(a_total[{{.window}}])) or on() vector(0.0))", "a_total"),
    ("sum(rate(bad_total[5m])) or 0 * sum(rate(all_total[5m]))", "bad_total"),
    ("sum(rate(bad_total[5m])) or sum(rate(all_total[5m])) * 0", "bad_total"),
    ("sum(rate(all_total[{{.window}}])) > 0", "all_total"),
    ("sum(rate(all_total[{{.window}}])) != 0", "all_total"),
    # Pyrra, what it makes of its selectors
    ('sum(rate(http_requests_total{job="thanos-receive-default",code=~"5.."}[5m]))',
     'http_requests_total{code=~"5..",job="thanos-receive-default"}'),
    ('sum(increase(http_requests_total{job="thanos-receive-default"}[4w]))', 'http_requests_total{job="thanos-receive-default"}'),
    ('sum by (code) (increase(http_requests_total{job="x"}[4w]))', 'http_requests_total{job="x"}'),
    ('sum(increase(http_request_duration_seconds_count{job="x",code=~"2.."}[4w])) - sum(increase(http_request_duration_seconds_bucket{job="x",code=~"2..",le="1"}[4w]))',
     'http_request_duration_seconds_count{code=~"2..",job="x"} - http_request_duration_seconds_bucket{code=~"2..",job="x",le="1"}'),
    ('sum(rate(grpc_server_handled_total{grpc_code=~"Aborted|Unavailable|Internal|Unknown|Unimplemented|DataLoss"}[5m]))',
     'grpc_server_handled_total{grpc_code=~"Aborted|Unavailable|Internal|Unknown|Unimplemented|DataLoss"}'),
    # Grafana's variables
    ("sum(rate(x_total[$__rate_interval]))", "x_total"),
    ("sum(rate(x_total[${__rate_interval}]))", "x_total"),
    ("sum(increase(x_total[$__range]))", "x_total"),
    ("sum(irate(x_total[$__interval]))", "x_total"),
    # every way to write the same
    ("rate(x_total[5m])", "x_total"),
    ("irate(x_total[1m])", "x_total"),
    ("increase(x_total[30d])", "x_total"),
    ("sum(x_total)", "x_total"),
    ("sum by (job) (rate(x_total[5m]))", "x_total"),
    ("sum(rate(x_total[5m])) by (job)", "x_total"),
    ("sum without (instance) (rate(x_total[5m]))", "x_total"),
    ("sum(sum by (job) (rate(x_total[5m])))", "x_total"),
    ("((sum((rate(x_total[5m])))))", "x_total"),
    ("SUM(rate(x_total[5m]))", "x_total"),
    ("sum(rate(x_total[5m])) # errors", "x_total"),
    ('sum(rate(x_total{path="/{{.window}}"}[5m]))', 'x_total{path="/{{.window}}"}'),
    ('sum(rate({__name__="x_total",b="2",a="1"}[5m]))', 'x_total{a="1",b="2"}'),
    ("sum(rate(x_total{code=~`5..`}[5m]))", 'x_total{code=~"5.."}'),
    # sums and differences
    ("a_total + b_total", "a_total + b_total"),
    ("b_total + a_total", "a_total + b_total"),
    ('a{x="y"} + b - c', 'a{x="y"} + b - c'),
    ("sum(rate(a[5m])) + sum(rate(b[5m]))", "a + b"),
    ("sum(rate(a[5m])) + sum(irate(b[1h]))", "a + b"),
    ("sum(increase(a[5m])) + sum(increase(b[5m]))", "a + b"),
    ("sum(a) + sum(b)", "a + b"),
    ("sum(rate(a[5m])) - (sum(rate(b[5m])) - sum(rate(c[5m])))", "a + c - b"),
    ("(sum(rate(a[5m])) or vector(0)) + (sum(rate(b[5m])) or vector(0))", "a + b"),
    ('sum by (job) (rate(a{job="x"}[5m])) + sum by (job) (rate(b{job="x"}[5m]))', 'a{job="x"} + b{job="x"}'),
    ("sum(sum(rate(a[5m])) + sum(rate(b[5m])))", "a + b"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "counters"), REDUCED)
def test_the_counters_inside_are_found(query, counters):
    reduction = reduce_to_counters(query)
    assert (reduction.terms_text, reduction.reason) == (counters, "")


# query, part of the reason
KEPT = [
    ("sum(rate(a[5m]) + rate(b[5m]))", "`+` pairs series with equal labels and drops the others; put sum() around each"),
    ("rate(a[5m]) - rate(b[5m])", "`-` pairs series with equal labels"),
    ("sum by (job) (rate(a[5m])) + sum by (job) (rate(b[5m]))", "`+` pairs series"),
    ('sum by (job) (rate(a{job="x"}[5m])) + sum by (job) (rate(b{job="y"}[5m]))', "`+` pairs series"),
    ('sum by (job) (rate(a{job="x"}[5m])) + sum(rate(b[5m]))', "`+` pairs series"),
    ("sum(a + b)", "`+` pairs series"),
    ("a + sum(b)", "`+` pairs series"),
    ("sum(rate(a[5m])) + sum(increase(b[5m]))", "it joins counts of different times, per second and 300s"),
    ("sum(increase(a[5m])) + sum(increase(b[1h]))", "it joins counts of different times, 300s and 3600s"),
    ("sum(rate(a[5m])) + sum(b)", "it joins counts of different times, per second and ever"),
    ("sum(rate(a[5m])) + on() sum(rate(b[5m]))", "`+` is no sum of counters"),
    ("sum(rate(a[5m] offset 5m))", "an offset or @ moves the counts in time"),
    ("sum(rate(a[5m] @ end()))", "an offset or @ moves the counts in time"),
    ("a offset 1h", "an offset or @ moves the counts in time"),
    ("sum(rate(a[5m:1m]))", "rate() is taken of a subquery"),
    ("sum(sum_over_time(a[5m]))", "sum_over_time() is not reduced"),
    ("sum(delta(a[5m]))", "delta() is not reduced"),
    ("sum(deriv(a[5m]))", "deriv() is not reduced"),
    ("histogram_count(increase(a[{{.window}}]))", "histogram_count() is not reduced"),
    ("sum(rate(a[5m])) * 60", "`*` is no sum of counters"),
    ("sum(rate(a[5m])) / 2", "`/` is no sum of counters"),
    ("sum(rate(a[5m]) * on (pod) group_left () b)", "`*` is no sum of counters"),
    ("sum(rate(a[5m])) or sum(rate(b[5m]))", "`or` is no sum of counters"),
    ("sum(rate(a[5m])) or vector(1)", "`or` is no sum of counters"),
    ("sum(rate(a[5m])) > 1", "`>` is no sum of counters"),
    ("sum(rate(a[5m])) > bool 0", "`>` is no sum of counters"),
    ("(sum(rate(a[5m])) - sum(rate(b[5m]))) > 0", "a comparison with 0 may drop a difference below 0"),
    ("avg(rate(a[5m]))", "avg() is no sum"),
    ("max by (job) (rate(a[5m]))", "max() is no sum"),
    ("topk(3, rate(a[5m]))", "topk() is no sum"),
    ("-sum(rate(a[5m]))", "it is no sum of counters"),
    ("sum(rate(a[5m])) - sum(rate(a[5m]))", "this counts nothing"),
    ('sum(rate({__name__=~"a|b"}[5m]))', "must name its counter exactly"),
    ('sum(rate(a{code="1",code="2"}[5m]))', "no series can match"),
    ("a[5m]", "it is no sum of counters"),
    ("vector(1)", "vector() is not reduced"),
    ("42", "it is no sum of counters"),
    ("sum(rate(a[{{.unknown}}]))", "{{.unknown}} is a template"),
    ("sum(rate(a[5m])", "not PromQL"),
    ("", "the query is empty"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "reason"), KEPT)
def test_what_would_count_something_else_is_kept_with_the_reason(query, reason):
    reduction = reduce_to_counters(query)
    assert reduction.terms_text is None
    assert reason in reduction.reason


# query, part, total, whether the query is 1 - part / total
RATIOS = [
    ("sum(rate(e[5m])) / sum(rate(t[5m]))", "e", "t", False),
    ("(sum(rate(e[{{.window}}]))) / (sum(rate(t[{{.window}}])))", "e", "t", False),
    ("sum(increase(e[1h])) / sum(increase(t[1h]))", "e", "t", False),
    ("sum(rate(e[5m])) / sum(rate(t[1h]))", "e", "t", False),
    ("1 - (sum(rate(g[{{.window}}])) / sum(rate(t[{{.window}}])))", "g", "t", True),
    ("1 - sum(rate(g[5m])) / sum(rate(t[5m]))", "g", "t", True),
    ("1 - (1 - sum(rate(g[5m])) / sum(rate(t[5m])))", "g", "t", False),
    ("(sum(rate(t[5m])) - sum(rate(g[5m]))) / sum(rate(t[5m]))", "g", "t", True),
    ("1 - (sum(rate(t[5m])) - sum(rate(b[5m]))) / sum(rate(t[5m]))", "b", "t", False),
    ("sum(rate(b[5m])) / (sum(rate(g[5m])) + sum(rate(b[5m])))", "b", "b + g", False),
    ("(sum(rate(b[5m])) or vector(0)) / (sum(rate(t[5m])) > 0)", "b", "t", False),
    ("(sum(rate(b[5m])) / sum(rate(t[5m]))) OR on() vector(0)", "b", "t", False),
    ('sum by (job) (rate(b{job="x"}[5m])) / sum by (job) (rate(t{job="x"}[5m]))', 'b{job="x"}', 't{job="x"}', False),
    ("sum(rate(b[5m])) / on() sum(rate(t[5m]))", "b", "t", False),
    ('1 - (sum(rate(h_bucket{le="0.3"}[5m])) / sum(rate(h_count[5m])))', 'h_bucket{le="0.3"}', "h_count", True),
]  # fmt: skip


@pytest.mark.parametrize(("query", "part", "total", "is_complement"), RATIOS)
def test_the_two_counts_of_a_ratio_are_found(query, part, total, is_complement):
    ratio = reduce_ratio(query)
    assert (ratio.part, ratio.total, ratio.is_complement, ratio.reason) == (part, total, is_complement, "")


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("a / b", "it is a ratio for each group of series"),
        ("sum by (job) (rate(a[5m])) / sum by (job) (rate(b[5m]))", "it is a ratio for each group of series"),
        ("sum(a) / sum(b)", "it divides what was counted in all time"),
        ("sum(rate(a[5m])) / sum(increase(b[5m]))", "it divides counts of different times, per second and 300s"),
        ("100 * sum(rate(a[5m])) / sum(rate(b[5m]))", "`*` is no sum of counters"),
        ("1 - avg_over_time(probe_success[{{.window}}])", "it does not divide one count by another"),
        ("2 - sum(rate(a[5m])) / sum(rate(b[5m]))", "`-` does not divide one count by another"),
        ("sum(rate(a[5m]))", "it does not divide one count by another"),
        ("sum(rate(a[5m]) / rate(b[5m]))", "it does not divide one count by another"),
    ],
)
def test_another_ratio_is_kept_with_the_reason(query, reason):
    ratio = reduce_ratio(query)
    assert (ratio.part, ratio.total) == (None, None)
    assert reason in ratio.reason


COUNTERS = st.sampled_from(["a_total", 'b{x="1"}', 'c_bucket{le="0.3",z!~"q.*"}', "d_count"])
RANGES = st.sampled_from(["5m", "1h", "{{.window}}", "$__rate_interval"])
SUMS = st.builds("sum(rate({}[{}]))".format, COUNTERS, RANGES)
JOINED = st.recursive(SUMS, lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-"), inner))


@given(JOINED)
def test_a_reduced_text_is_reduced_to_itself(query):
    text = reduce_to_counters(query).terms_text
    if text is not None:
        assert terms_text(parse_terms(text)) == text
        assert reduce_to_counters(text).terms_text == text
