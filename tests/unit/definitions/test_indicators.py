# ruff: noqa: E501 - a row of a table, with the very line it expects, reads best unbroken
"""OpenSLO's indicators: what is counted, how, and what is refused."""

import pytest
from tests.unit.definitions.samples import CYCLE, RELEASE, SLO, changed, faults_of, loaded

from okrbridge.domain.sli import Sli, SliKind
from okrbridge.promql.as_written import NOTE

METRIC = "spec.indicator.spec.ratioMetric"
START, END = SLO.index("      ratioMetric"), SLO.index("  timeWindow")
PROMETHEUS = "metricSource: {metricSourceRef: prometheus, spec: {query: '%s'}}"


def slo_with(*lines: str) -> str:
    """An SLO whose indicator's spec is these lines; the first one is line 9."""
    return SLO[:START] + "".join(f"      {line}\n" for line in lines) + SLO[END:]


def counting(bad: str, total: str, counter: str = "true") -> str:
    """An SLO that counts events: bad is line 11, total is line 12."""
    return slo_with(
        "ratioMetric:",
        f"  counter: {counter}",
        f"  bad: {{{PROMETHEUS % bad}}}",
        f"  total: {{{PROMETHEUS % total}}}",
    )


def raw(query: str, raw_type: str = "failure") -> str:
    """An SLO of a ratio that was computed elsewhere: raw is line 10."""
    return slo_with("ratioMetric:", f"  raw: {{{PROMETHEUS % query}}}", f"  rawType: {raw_type}")


def annotated(text: str, value: str = '"true"') -> str:
    return changed(text, "{name: api-availability}", f"{{name: a, annotations: {{okrbridge.dev/samples: {value}}}}}")


def sli_of(text: str) -> Sli:
    (slo,) = loaded(text).definitions.slos
    return slo.sli


# bad and total as written, and as counted
COUNTED = [
    ("e_total", "t_total", "e_total", "t_total"),
    ("sum(rate(e_total[5m]))", "sum(rate(t_total[1h]))", "e_total", "t_total"),
    ('sum(rate(e_total{b="2",a="1"}[{{.window}}])) or vector(0)', "sum(rate(t_total[{{.window}}]))", 'e_total{a="1",b="2"}', "t_total"),
    ('t_count{x="1"} - t_bucket{x="1",le="0.3"}', 't_count{x="1"}', 't_count{x="1"} - t_bucket{le="0.3",x="1"}', 't_count{x="1"}'),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "total", "bad_counters", "total_counters"), COUNTED)
def test_counters_are_counted_exactly_however_they_are_written(bad, total, bad_counters, total_counters):
    sli = sli_of(counting(bad, total))

    assert (sli.kind, sli.bad, sli.total) == (SliKind.COUNTERS, bad_counters, total_counters)
    asked = {"bad": bad_counters, "total": total_counters}
    assert dict(sli.written) == {
        part: query for part, query in (("bad", bad), ("total", total)) if query != asked[part]
    }
    assert sli.note == ""


def test_equal_indicators_in_other_words_share_their_counts():
    plain, rated = counting('e{a="1",b="2"}', "t"), counting('sum(rate(e{b="2",a="1"}[5m]))', "sum(increase(t[5m]))")

    assert sli_of(plain).key == sli_of(rated).key


def test_what_cannot_be_reduced_is_evaluated_as_written_with_a_warning():
    text = counting("histogram_count(sum(rate(e[{{.window}}])))", "sum(rate(t[5m]))")

    sli = sli_of(text)

    assert sli.kind is SliKind.EXPRESSIONS
    # The total could be reduced, and is counted in the same way as the bad events all the same.
    assert sli.bad == "(histogram_count(sum(rate(e[300s])))) * {{.seconds}}"
    assert sli.total == "(sum(rate(t[300s]))) * {{.seconds}}"
    assert sli.note == f"{NOTE} (bad: histogram_count() is not reduced to counters)"
    assert [str(warning) for warning in loaded(text).warnings] == [f"a.yaml:10:9: {METRIC}: {sli.note}"]


# bad, total, place and message
UNCOUNTABLE = [
    ("e offset 5m", "t", "11:73", "bad", "an offset or @ moves the counts in time; write the counter itself, e; okrbridge counts its increase exactly"),
    ("e", '{__name__=~"t.*"}', "12:75", "total", "the selector must name its counter exactly; write a metric name, such as http_requests_total{…}"),
    ("sum(rate(e[5m])) / sum(rate(t[5m]))", "t", "11:73", "bad", "it divides or multiplies speeds, and is no number of events; write a ratio under raw"),
    ("1", "t", "11:73", "bad", "it gives no number of events in a time; write the counter itself, or sum(rate(COUNTER[5m]))"),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "total", "place", "part", "message"), UNCOUNTABLE)
def test_what_gives_no_number_of_events_is_refused(bad, total, place, part, message):
    assert faults_of(counting(bad, total)) == [f"a.yaml:{place}: {METRIC}.{part}.metricSource.spec.query: {message}"]


def test_values_of_gauges_are_the_events_of_each_slice():
    sli = sli_of(
        counting("max(failed_in_last_minute)", "sum(seen[{{.window}}] )".replace("[{{.window}}] ", ""), "false")
    )

    assert (sli.kind, sli.bad, sli.total) == (SliKind.EXPRESSIONS, "max(failed_in_last_minute)", "sum(seen)")


@pytest.mark.parametrize(("raw_type", "told"), [("success", "good"), ("failure", "bad")])
def test_a_ratio_that_was_computed_elsewhere_weighs_each_slice_the_same(raw_type, told):
    sli = sli_of(raw("job:errors:ratio5m", raw_type))

    assert (sli.kind, sli.total) == (SliKind.RATIO, "job:errors:ratio5m")
    assert {"good": sli.good, "bad": sli.bad}[told] == "job:errors:ratio5m"
    assert sli.note == "each slice weighs the same, however many events it holds"


def test_a_ratio_of_two_counters_is_told_how_to_count_events():
    (warning,) = loaded(raw("sum(rate(e[5m])) / sum(rate(t[5m]))")).warnings

    assert str(warning) == (
        f"a.yaml:10:14: {METRIC}.raw: each slice weighs the same, however many events it holds; to count events, "
        "write the two counters as good (or bad) and total"
    )


@pytest.mark.parametrize(("raw_type", "told"), [("success", "good"), ("failure", "bad")])
def test_an_annotation_makes_each_sample_of_a_gauge_an_event(raw_type, told):
    sli = sli_of(annotated(raw('probe_success{job="web", a="b"}', raw_type)))

    assert (sli.kind, sli.total) == (SliKind.SAMPLES, 'probe_success{a="b",job="web"}')
    assert {"good": sli.good, "bad": sli.bad}[told] == sli.total
    assert sli.written == (("total", 'probe_success{job="web", a="b"}'),)


def test_samples_may_be_switched_off():
    assert sli_of(annotated(raw("probe_success"), '"false"')).kind is SliKind.RATIO


def test_only_a_plain_gauge_has_samples():
    (fault,) = faults_of(annotated(raw("avg(probe_success)")))

    assert fault.endswith(
        "okrbridge.dev/samples counts samples of gauges; write a plain selector, such as probe_success{…}"
    )


def test_the_annotation_says_true_or_false():
    (fault,) = faults_of(annotated(raw("probe_success"), '"yes"'))

    assert fault == 'a.yaml:3:58: metadata.annotations[\'okrbridge.dev/samples\']: must be "true" or "false", in quotes'


THRESHOLD = slo_with("thresholdMetric:", f"  {PROMETHEUS % 'histogram_quantile(0.99, sum by (le) (rate(x[5m])))'}")


def test_a_threshold_takes_its_limit_from_the_objective():
    text = changed(
        THRESHOLD, "[{target: 0.999}]", "[{target: 0.999, op: lte, value: 0.5}, {target: 0.9, op: lt, value: 1}]"
    )

    first, second = (slo.sli for slo in loaded(text).definitions.slos)

    assert first.total == second.total == "histogram_quantile(0.99, sum by (le) (rate(x[5m])))"
    assert (first.kind, first.op, first.limit) == (SliKind.THRESHOLD, "lte", 0.5)
    assert (second.op, second.limit) == ("lt", 1.0)
    assert first.key != second.key


def test_a_threshold_without_a_limit_is_a_fault():
    (fault,) = faults_of(THRESHOLD)

    assert "a threshold metric needs op and value" in fault


# lines of the indicator's spec, and the faults
FAULTY = [
    (["ratioMetric:", "  counter: true"],
     [f"10:9: {METRIC}.total: is missing", f"10:9: {METRIC}: needs exactly one of good and bad beside total; there are none"]),
    (["ratioMetric:", f"  good: {{{PROMETHEUS % 'g'}}}", f"  total: {{{PROMETHEUS % 't'}}}"],
     [f"10:9: {METRIC}.counter: is missing"]),
    (["ratioMetric:", "  x: 1"],
     [f"10:9: {METRIC}.x: unknown key; known here: counter, good, bad, total, raw, rawType",
      f"10:9: {METRIC}.counter: is missing", f"10:9: {METRIC}.total: is missing",
      f"10:9: {METRIC}: needs exactly one of good and bad beside total; there are none"]),
    (["ratioMetric:", f"  raw: {{{PROMETHEUS % 'r'}}}"],
     [f"10:9: {METRIC}.rawType: is missing; raw and rawType (success or failure) are needed together"]),
    (["ratioMetric:", "  rawType: success"],
     [f"10:9: {METRIC}.raw: is missing; raw and rawType (success or failure) are needed together"]),
    (["ratioMetric:", "  rawType: good", f"  raw: {{{PROMETHEUS % 'r'}}}"],
     [f"10:18: {METRIC}.rawType: 'good' is not one of success, failure"]),
    (["ratioMetric:", "  rawType: success", f"  raw: {{{PROMETHEUS % 'r'}}}", f"  total: {{{PROMETHEUS % 't'}}}"],
     [f"12:9: {METRIC}.total: does not go with raw; remove one of the two"]),
    (["description: x"],
     ["9:7: spec.indicator.spec: needs exactly one of ratioMetric and thresholdMetric; there are none"]),
    (["thresholdMetric: {metricSource: {type: OpenTelemetry, spec: {query: x}}}"],
     [f"9:46: spec.indicator.spec.thresholdMetric.metricSource.type: sources of type 'OpenTelemetry' are not supported by {RELEASE} yet; use Prometheus"]),
    (["thresholdMetric: {metricSource: {type: Events, spec: {query: x}}}"],
     [f"9:46: spec.indicator.spec.thresholdMetric.metricSource.type: sources of type 'Events' are not supported by {RELEASE} yet; use Prometheus"]),
    (["thresholdMetric: {metricSource: {type: Prometheus, spec: {query: x, queryType: promql}}}"],
     ["9:75: spec.indicator.spec.thresholdMetric.metricSource.spec.queryType: queries are PromQL; write the expression under query, and remove this"]),
    (["thresholdMetric: {metricSource: {type: Prometheus, spec: {query: 'x[5m]'}}}"],
     ["9:72: spec.indicator.spec.thresholdMetric.metricSource.spec.query: the query gives a range of samples, not a number; wrap it in a function such as rate() or max_over_time()"]),
    (["thresholdMetric: {metricSource: {type: Prometheus, spec: {query: 'rate(x[{{.Window}}])'}}}"],
     ["9:72: spec.indicator.spec.thresholdMetric.metricSource.spec.query: {{.Window}} is a template, and nothing fills it in here; write a plain duration, such as 5m"]),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "expected"), FAULTY)
def test_parts_that_do_not_fit_together_are_refused_with_place_and_remedy(lines, expected):
    assert sorted(faults_of(slo_with(*lines))) == sorted(f"a.yaml:{line}" for line in expected)


def test_an_indicator_document_may_hold_a_threshold_that_no_slo_uses():
    text = (
        "apiVersion: openslo/v1\nkind: SLI\nmetadata: {name: p99}\n"
        "spec: {thresholdMetric: {metricSource: {type: Prometheus, spec: {query: 'max_over_time(x[{{.window}}])'}}}}\n"
    )

    # A server is asked with a length in the window.
    assert [query.text for query in loaded(f"{text}---\n{CYCLE}").queries] == ["max_over_time(x[5m])"]
