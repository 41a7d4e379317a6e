"""Pyrra's documents are read as Pyrra reads them, and refused where Pyrra refuses them."""

from datetime import timedelta

import pytest
from tests.unit.definitions.foreign_samples import loaded_file, slo_of, warnings_of
from tests.unit.definitions.samples import CYCLE, OBJECTIVE, RELEASE, changed, codes_of, faults_of, loaded

from okrbridge.domain.sli import SliKind
from okrbridge.domain.windows import RollingWindow

RATIO = """\
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: shop-errors, namespace: monitoring}
spec:
  target: "99.9"
  window: 4w
  indicator:
    ratio:
      errors: {metric: 'http_requests_total{code=~"5.."}'}
      total: {metric: http_requests_total}
"""
LATENCY = """\
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: shop-latency}
spec:
  target: "95"
  window: 2w
  indicator:
    latency:
      success: {metric: 'request_seconds_bucket{le="0.4"}'}
      total: {metric: request_seconds_count}
"""
NATIVE = """\
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: shop-latency}
spec:
  target: "95"
  window: 2w
  indicator:
    latencyNative: {latency: 200ms, total: {metric: request_seconds}}
"""
GAUGE = """\
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: shop-up}
spec:
  target: "99"
  window: 2w
  indicator:
    bool_gauge: {metric: 'up{job="shop"}'}
"""


def test_name_target_and_window_are_those_of_the_document():
    slo = slo_of(RATIO)
    assert (slo.name, slo.target_ratio, slo.window) == ("shop-errors", 0.999, RollingWindow(timedelta(weeks=4)))


def test_the_service_is_the_label_that_pyrra_hands_on_or_else_the_name():
    first, second, third = loaded_file("pyrra/ratio.yaml").definitions.slos
    assert [slo.service for slo in (first, second, third)] == ["shop", "shop-errors-by-handler", "shop-payments"]
    # Labels without the prefix are for the Prometheus operator; Pyrra keeps them from its rules.
    assert dict(first.labels) == {"namespace": "monitoring", "service": "shop", "team": "checkout"}


def test_errors_out_of_a_total_are_counted_from_both():
    sli = slo_of(RATIO).sli
    assert (sli.kind, sli.bad, sli.good, sli.total) == (
        SliKind.COUNTERS,
        'http_requests_total{code=~"5.."}',
        None,
        "http_requests_total",
    )


@pytest.mark.parametrize(
    ("total", "bad", "good"),
    [
        ("good_total", None, "good_total"),
        ("bad_total", "bad_total", None),
    ],
)
def test_success_or_errors_out_of_a_total(total: str, bad: str | None, good: str | None):
    key = "success" if good else "errors"
    text = changed(RATIO, "errors: {metric: 'http_requests_total{code=~\"5..\"}'}", f"{key}: {{metric: {total}}}")
    sli = slo_of(text).sli
    assert (sli.total, sli.bad, sli.good) == ("http_requests_total", bad, good)


def test_errors_and_successes_make_the_total_together():
    sli = loaded_file("pyrra/ratio.yaml").definitions.slos[2].sli
    assert sli.bad == 'payments_failed_total{job="shop"}'
    assert sli.total == 'payments_done_total{job="shop"} + payments_failed_total{job="shop"}'


def test_a_year_is_365_days_as_prometheus_counts_it():
    assert loaded_file("pyrra/ratio.yaml").definitions.slos[2].window == RollingWindow(timedelta(days=365))


def test_a_bucket_out_of_a_count_is_good_events_out_of_all():
    sli = slo_of(LATENCY).sli
    assert (sli.kind, sli.good, sli.total) == (
        SliKind.COUNTERS,
        'request_seconds_bucket{le="0.4"}',
        "request_seconds_count",
    )


def test_a_native_histogram_is_evaluated_as_written_and_says_so():
    sli = slo_of(NATIVE).sli
    assert sli.kind is SliKind.EXPRESSIONS
    assert "histogram_fraction(0, 0.2, sum(increase(request_seconds[" in (sli.good or "")
    assert sli.total.startswith("histogram_count(sum(increase(request_seconds[")
    assert "native histogram" in sli.note


def test_a_gauge_of_0_and_1_is_counted_by_its_samples():
    sli = slo_of(GAUGE).sli
    assert (sli.kind, sli.good, sli.total) == (SliKind.SAMPLES, 'up{job="shop"}', 'up{job="shop"}')


def test_grouping_is_one_slo_over_all_groups_and_is_told():
    loaded_slos = loaded_file("pyrra/ratio.yaml")
    assert loaded_slos.definitions.slos[1].sli.note == "all values of handler are counted together"
    (warning,) = [each for each in loaded_slos.warnings if each.code == "grouping"]
    assert warning.message.startswith("Pyrra makes one SLO for each value of handler; okrbridge makes one over all")


def test_key_results_refer_to_its_slo_by_name():
    objective = changed(OBJECTIVE, "{slo: api-availability}", "{slo: shop-errors}")
    assert len(loaded(f"{RATIO}---\n{CYCLE}---\n{objective}").definitions.key_results) == 1


def test_it_has_a_record_of_its_own():
    assert [(one.kind, one.name) for one in loaded(RATIO).definitions.documents] == [("SLO", "shop-errors")]


WARNED = (
    # passage, what stands there instead, place and message
    ('"99.9"', '"0.999"', "5:11: spec.target: is in percent, so this promises 0.9990%; 99.9% is written 99.9"),
    (
        "{metric: http_requests_total}",
        "{metric: http_requests_total offset 1m}",
        "10:23: spec.indicator.ratio.total.metric: Pyrra leaves offset and @ out of its rules",
    ),
    (
        "{metric: http_requests_total}",
        "{metric: 'http_requests_total{code=~\"5..\"}'}",
        "9:24: spec.indicator.ratio.errors.metric: counts the same as total",
    ),
    ("  window: 4w", "  window: 4w\n  alerting: {}", f"7:3: spec.alerting: {RELEASE} sends no alerts"),
)


@pytest.mark.parametrize(("old", "new", "told"), WARNED, ids=[one[1].strip() for one in WARNED])
def test_what_looks_like_a_slip_is_told_and_forbids_nothing(old: str, new: str, told: str):
    (warning,) = warnings_of(changed(RATIO, old, new))
    assert warning.startswith(f"a.yaml:{told}")


def test_metrics_that_look_like_no_histogram_are_told():
    renamed = LATENCY.replace("request_seconds_bucket", "fast").replace("request_seconds_count", "all")
    assert warnings_of(renamed) == [
        f"a.yaml:{place}.metric: the metric of a histogram's {key} usually ends in {ending}"
        for place, key, ending in (
            ("9:25: spec.indicator.latency.success", "success", "_bucket"),
            ("10:23: spec.indicator.latency.total", "total", "_count"),
        )
    ]


REFUSED = (
    # document, passage, what stands there instead, place and message, code
    (RATIO, "{name: shop-errors, ", "{", "3:11: metadata.name: is missing", "missing_key"),
    (RATIO, "shop-errors", "a" * 64, "3:18: metadata.name: cannot be a name here", "wrong_name"),
    (RATIO, "shop-errors", "店", "3:18: metadata.name: cannot be a name here", "wrong_name"),
    (RATIO, '"99.9"', "many", "5:11: spec.target: 'many' is no number of percent", "wrong_value"),
    (RATIO, '"99.9"', '"NaN"', "5:11: spec.target: 'NaN' is no number of percent", "wrong_value"),
    (RATIO, '"99.9"', '"-1"', "5:11: spec.target: -1 is not between 0 and 100", "wrong_value"),
    (RATIO, '"99.9"', '"0"', "5:11: spec.target: 0 is not between 0 and 100", "wrong_value"),
    (RATIO, '"99.9"', '"101"', "5:11: spec.target: 101 is not between 0 and 100", "wrong_value"),
    (RATIO, '"99.9"', '"100"', "5:11: spec.target: a target of 100% leaves no error budget", "no_error_budget"),
    (RATIO, '  target: "99.9"\n', "", "5:3: spec.target: is missing", "missing_key"),
    (RATIO, "4w", "4 weeks", "6:11: spec.window: '4 weeks' is no duration of Prometheus", "wrong_value"),
    (RATIO, "4w", "1d4w", "6:11: spec.window: '1d4w' is no duration of Prometheus", "wrong_value"),
    (RATIO, "4w", "0", "6:11: spec.window: '0' is no duration of Prometheus", "wrong_value"),
    (RATIO, "4w", "0d", "6:11: spec.window: '0d' is not longer than nothing", "wrong_value"),
    (RATIO, "4w", "99y", "6:11: spec.window: '99y' is not longer than nothing and at most ten", "wrong_value"),
    (RATIO, "  window: 4w", "  window: 4w\n  latency: '1'", "7:3: spec.latency: unknown key", "unknown_key"),
    (RATIO, "  window: 4w", "  window: 4w\n  partial_response_strategy: stop", "7:30: spec.partial_re", "wrong_value"),
    (
        RATIO,
        "    ratio:\n",
        "    bool_gauge: {metric: up}\n    ratio:\n",
        "8:5: spec.indicator: needs exactly one of ratio, latency, latencyNative, bool_gauge; there is ratio and",
        "indicator",
    ),
    (
        RATIO,
        "      total: {metric: http_requests_total}\n",
        "",
        "9:7: spec.indicator.ratio: needs exactly two of errors, success, total; there is errors",
        "good_or_bad",
    ),
    (RATIO, "{metric: http_requests_total}", "{metric: ''}", "10:23: spec.indicator.ratio.total.metric: is", "empty"),
    (RATIO, "{metric: http_requests_total}", "{}", "10:14: spec.indicator.ratio.total.metric: is missi", "missing_key"),
    (
        RATIO,
        "{metric: http_requests_total}",
        "{metric: 'rate(http_requests_total[5m])'}",
        "10:23: spec.indicator.ratio.total.metric: must be a metric with its matchers",
        "wrong_query",
    ),
    (
        RATIO,
        "{metric: http_requests_total}",
        "{metric: (http_requests_total)}",
        "10:23: spec.indicator.ratio.total.metric: must be a metric with its matchers",
        "wrong_query",
    ),
    (
        RATIO,
        "{metric: http_requests_total}",
        "{metric: http_requests_total > 5}",
        "10:23: spec.indicator.ratio.total.metric: must be a metric with its matchers",
        "wrong_query",
    ),
    (
        RATIO,
        "{metric: http_requests_total}",
        "{metric: 'http_requests_total{'}",
        "10:23: spec.indicator.ratio.total.metric: this is not PromQL",
        "wrong_query",
    ),
    (
        RATIO,
        "{metric: http_requests_total}",
        "{metric: '{__name__=~\"http.*\"}'}",
        "10:23: spec.indicator.ratio.total.metric: the selector must name its counter exactly",
        "wrong_query",
    ),
    (
        LATENCY,
        '{le="0.4"}',
        "",
        '9:25: spec.indicator.latency.success.metric: needs the bucket that is fast enough, such as le="0.1"',
        "wrong_query",
    ),
    (
        LATENCY,
        '{le="0.4"}',
        '{le="fast"}',
        "9:25: spec.indicator.latency.success.metric: needs the bucket that is fast enough",
        "wrong_query",
    ),
    (
        LATENCY,
        "      total: {metric: request_seconds_count}\n",
        "",
        "9:7: spec.indicator.latency.total: is missing",
        "missing_key",
    ),
    (NATIVE, "200ms", "fast", "8:30: spec.indicator.latencyNative.latency: 'fast' is no duration", "wrong_value"),
    (NATIVE, "{latency: 200ms, ", "{", "8:20: spec.indicator.latencyNative.latency: is missing", "missing_key"),
    (
        GAUGE,
        "{metric: 'up{job=\"shop\"}'}",
        "{metric: up == 1}",
        "8:26: spec.indicator.bool_gauge.metric: must be",
        "wrong_query",
    ),
    (
        GAUGE,
        "{metric: 'up{job=\"shop\"}'}",
        "{grouping: [a]}",
        "8:17: spec.indicator.bool_gauge.metric: is missing",
        "missing_key",
    ),
)


@pytest.mark.parametrize(
    ("text", "old", "new", "told", "code"), REFUSED, ids=[f"{one[3][:40]} {one[2][:20]!r}" for one in REFUSED]
)
def test_what_pyrra_refuses_is_refused_with_its_place(text: str, old: str, new: str, told: str, code: str):
    broken = changed(text, old, new)
    faults = faults_of(broken)
    assert len(faults) == 1, faults
    assert faults[0].startswith(f"a.yaml:{told}"), faults
    assert codes_of(broken) == [code]


def test_an_indicator_without_a_kind_is_refused():
    text = RATIO[: RATIO.index("  indicator:")] + "  indicator: {}\n"
    assert codes_of(text) == ["indicator"]
    assert faults_of(changed(RATIO, "    ratio:\n", "    ratios:\n"))[1].endswith("unknown key; did you mean 'ratio'?")
