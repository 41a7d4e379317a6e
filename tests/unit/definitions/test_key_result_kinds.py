# ruff: noqa: ISC004 - a row of a table reads best unbroken
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.definitions.okr_samples import codes, faults, key_result
from tests.unit.definitions.samples import KEY_RESULT_LINE, faults_of, loaded, with_key_result

from okrbridge.domain.key_results import (
    BaselineFromHistory,
    Evidence,
    IndicatorTiming,
    KeyResultKind,
    KeyResultState,
    MetricDefinition,
    Operator,
    Part,
    Revision,
    RevisionReason,
    Visibility,
)
from okrbridge.domain.measures import (
    Aggregation,
    EventMeasure,
    IncidentMeasure,
    IncidentQuantity,
    NoMeasure,
    PromqlMeasure,
)
from okrbridge.domain.units import PLAIN, RATIO, parse_unit
from okrbridge.domain.windows import Interval

PLAIN_PROMQL = "measure: {promql: up}"
SECONDS_PROMQL = "measure: {promql: up, unit: s}"
COMPOSITE_PART = "parts: [{keyResult: other, weight: 2}, {keyResult: third}]"
OTHERS = (
    "    - {name: other, done: true}\n"
    "    - {name: third, done: false}\n"
)  # fmt: skip

DERIVED = [
    (["from: 1", "to: 2", PLAIN_PROMQL], KeyResultKind.INCREASE),
    (["from: 2", "to: 1", PLAIN_PROMQL], KeyResultKind.DECREASE),
    (["operator: ge", "to: 1", PLAIN_PROMQL], KeyResultKind.THRESHOLD),
    (["operator: ge", "to: 1", "requiredShare: 90%", PLAIN_PROMQL], KeyResultKind.MAINTAIN),
    (["operator: ge", "to: 1", "qualifying: [{start: 2026-10-12}]", PLAIN_PROMQL], KeyResultKind.MAINTAIN),
    (["low: 9", "high: 11", PLAIN_PROMQL], KeyResultKind.BAND),
    (["change: -40%", "from: 50min", SECONDS_PROMQL], KeyResultKind.RELATIVE),
    (["share: {}", "measure: {promql: up, unit: ratio}"], KeyResultKind.SHARE),
    (["from: 12/month", "to: 3/month", "measure: {incidents: {}}"], KeyResultKind.COUNT_PER_PERIOD),
    (["operator: le", "to: 3/month", "measure: {incidents: {}}"], KeyResultKind.COUNT_PER_PERIOD),
    (["from: 12", "to: 3", "per: month", "measure: {events: {kind: alert}}"], KeyResultKind.COUNT_PER_PERIOD),
    (["from: 12/month", "to: 3/month", "measure: {promql: up, unit: /month}"], KeyResultKind.DECREASE),
    (["from: 12/month", "to: 3/month", "measure: {incidents: {}, over: 28d}"], KeyResultKind.DECREASE),
    (["operator: le", "to: 3/month", "measure: {incidents: {}, over: 28d}"], KeyResultKind.THRESHOLD),
    (["allowance: 80%", "measure: {slo: api-availability}"], KeyResultKind.ERROR_BUDGET),
    (["done: false"], KeyResultKind.BINARY),
    (["evidence: {url: 'https://wiki.example/x', reachedAt: 2026-11-02}"], KeyResultKind.MILESTONE),
    (["zone: commit"], KeyResultKind.ORDINAL),
    (["effect: +3%", "measure: {promql: up, unit: ratio}"], KeyResultKind.HYPOTHESIS),
    (["kind: reach", "to: 10", PLAIN_PROMQL], KeyResultKind.REACH),
    (["kind: baseline", SECONDS_PROMQL], KeyResultKind.BASELINE),
]


@pytest.mark.parametrize(("lines", "kind"), DERIVED)
def test_the_kind_is_derived_from_the_keys(lines, kind):
    assert key_result(*lines).kind is kind


def test_a_composite_is_known_by_its_parts():
    text = with_key_result("name: kr", COMPOSITE_PART) + OTHERS

    composite, other, _ = loaded(text).definitions.key_results

    assert composite.kind is KeyResultKind.COMPOSITE
    assert composite.parts == (Part("rock-solid-api/other", 2), Part("rock-solid-api/third", 1))
    assert (composite.unit, composite.measure) == (RATIO, NoMeasure(RATIO))
    assert other.done is True


def test_r3_a_target_without_a_baseline_is_refused_and_a_measured_one_is_offered():
    ((code, path, message),) = faults("to: 200ms", SECONDS_PROMQL)

    assert (code, path) == ("no_baseline", "from")
    assert "baseline: {over: 90d}" in message


def test_r3_a_baseline_may_be_measured_from_history():
    found = key_result("kind: increase", "baseline: {over: 28d}", "to: 65%", "measure: {promql: up, unit: ratio}")

    assert (found.baseline, found.baseline_from) == (None, BaselineFromHistory(timedelta(days=28)))
    assert found.target == 0.65


def test_r5_a_rate_is_kept_in_the_finer_unit_and_counted_in_its_period():
    found = key_result("from: 2/week", "to: 3/day", "measure: {events: {kind: deploy}}")

    # a week has 7 days: 3 a day are 21 a week
    assert (found.unit.symbol, found.baseline, found.target, found.per) == ("/week", 2, 21, "week")
    assert found.measure == EventMeasure("deploy")


def test_r5_counts_of_money_are_measured_in_the_money():
    found = key_result(
        "kind: countPerPeriod", "from: 20,000 EUR/month", "to: 17,000 EUR/month",
        "measure: {sql: SELECT sum(cost) FROM bills, source: billing-db, unit: EUR}",
    )  # fmt: skip

    assert (found.unit.symbol, found.per, found.measure.unit.symbol) == ("EUR/month", "month", "EUR")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["from: 12", "to: 3/month", "per: week", "measure: {incidents: {}}"], "wrong_unit to"),
        (["from: 12/month", "to: 3/week", "measure: {incidents: {}}"], "wrong_unit to"),
        (["from: 1/month", "to: 3/month", "per: week", "measure: {incidents: {}}"], "wrong_unit per"),
        (["from: 1/h", "to: 3/h", "measure: {incidents: {}}"], "wrong_unit to"),
        (["kind: countPerPeriod", "from: 9", "to: 3", "measure: {incidents: {}}"], "missing_key per"),
        (["kind: countPerPeriod", "to: 3/month", "measure: {incidents: {}}"], "no_baseline from"),
        (["per: month", "from: 9", "to: 3", "measure: {incidents: {}, over: 7d}"], "does_not_belong measure.over"),
        (["per: month", "from: 9", "to: 3", PLAIN_PROMQL], "measure measure"),
        (["per: month", "from: 9 EUR", "to: 3 EUR", "measure: {incidents: {}}"], "wrong_unit measure.incidents"),
    ],
)
def test_r5_a_count_whose_period_or_unit_does_not_fit_is_refused(lines, expected):
    assert codes(*lines) == [expected]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["verb: increase", "from: 10", "to: 5", PLAIN_PROMQL], "direction_conflict verb"),
        (["verb: Reduce the", "from: 5", "to: 10", PLAIN_PROMQL], "direction_conflict verb"),
        (["verb: cut", "change: +20%", "baseline: {over: 28d}", PLAIN_PROMQL], "direction_conflict verb"),
        (["verb: raise", "operator: le", "to: 5", PLAIN_PROMQL], "direction_conflict verb"),
        (["kind: increase", "from: 10", "to: 5", PLAIN_PROMQL], "direction_conflict kind"),
        (["kind: countPerPeriod", "operator: ge", "from: 9/month", "to: 3/month", "measure: {incidents: {}}"],
         "direction_conflict operator"),
        (["from: 10", "to: 20", "stretch: 15", PLAIN_PROMQL], "direction_conflict stretch"),
        (["from: 10", "to: 5", "stretch: 7", PLAIN_PROMQL], "direction_conflict stretch"),
        (["operator: ge", "to: 99%", "critical: 99.5%", "requiredShare: 90%", "measure: {slo: api-availability}"],
         "direction_conflict critical"),
        (["low: 9", "high: 11", "critical: 10", PLAIN_PROMQL], "direction_conflict critical"),
    ],
)  # fmt: skip
def test_r6_a_verb_or_operator_against_the_numbers_is_refused(lines, expected):
    assert codes(*lines) == [expected]


@pytest.mark.parametrize("verb", ["reduce", "Cut", "keep", "improve", "shorten drastically"])
def test_r6_a_verb_that_agrees_or_has_no_direction_is_taken(verb):
    assert key_result(f"verb: {verb}", "from: 10", "to: 5", PLAIN_PROMQL).verb == verb


def test_r2_a_key_result_without_a_title_is_told_by_verb_metric_numbers_and_date():
    found = key_result(
        "verb: reduce", "metric: median first-response time", "from: 12h", "to: 4h", "due: 2026-12-31", SECONDS_PROMQL
    )

    assert found.metric_name == "median first-response time"
    # due at the beginning of 31 December in Berlin, so that 30 December is the last day
    assert found.title == "Reduce median first-response time from 12 h to 4 h by 30 Dec"


def test_r21_a_binary_is_set_by_people_or_measured():
    assert key_result("done: true").measure == NoMeasure(PLAIN)
    assert key_result("kind: binary", PLAIN_PROMQL).measure == PromqlMeasure("up", "prometheus")
    assert codes("done: true", PLAIN_PROMQL) == ["does_not_belong done"]


def test_r22_a_stretch_lies_beyond_the_target():
    found = key_result("from: 800ms", "to: 200ms", "stretch: 0.15 s", SECONDS_PROMQL)

    # 0.15 s are 150 ms
    assert (found.target, found.stretch) == (200, 150)


def test_r23_a_threshold_needs_no_baseline():
    found = key_result("operator: lt", "to: 15min", "measure: {incidents: {severity: [sev1], quantity: timeToRestore}}")

    assert (found.kind, found.baseline, found.target, found.operator) == (
        KeyResultKind.THRESHOLD,
        None,
        15,
        Operator.LT,
    )
    assert found.measure == IncidentMeasure(
        ("sev1",), (), IncidentQuantity.TIME_TO_RESTORE, Aggregation.MEAN, None, parse_unit("s")
    )


def test_r23_a_threshold_for_all_members_is_a_share_with_a_limit():
    found = key_result(
        "share: {operator: lt, limit: 15min}", "measure: {incidents: {severity: [sev1], quantity: timeToRestore}}"
    )

    # times are in seconds, so the limit is 15 x 60 = 900
    assert (found.kind, found.operator, found.limit, found.target) == (KeyResultKind.SHARE, Operator.LT, 900, 1)
    assert found.unit is RATIO


def test_r24_only_the_declared_weeks_qualify():
    found = key_result(
        "operator: ge", "to: 99.9%", "requiredShare: 95%",
        "qualifying: [{start: 2026-11-23, end: 2026-11-30}, {start: 2026-10-12}]",
        "measure: {slo: api-availability, over: 7d}",
    )  # fmt: skip

    # midnights in Berlin: UTC+2 in October, UTC+1 in November
    assert found.qualifying == (
        Interval(datetime(2026, 10, 11, 22, tzinfo=UTC), datetime(2026, 10, 12, 22, tzinfo=UTC)),
        Interval(datetime(2026, 11, 22, 23, tzinfo=UTC), datetime(2026, 11, 29, 23, tzinfo=UTC)),
    )
    assert found.required_share == 0.95


@pytest.mark.parametrize(
    ("spans", "path"),
    [
        ("[{start: 2026-09-01}]", "qualifying[0]"),
        ("[{start: 2026-12-31, end: 2027-01-02}]", "qualifying[0]"),
        ("[{start: 2026-11-02, end: 2026-11-01}]", "qualifying[0].end"),
        ("[{start: 2026-11-02, end: 2026-11-09}, {start: 2026-11-08}]", "qualifying[1]"),
    ],
)
def test_r24_qualifying_time_lies_inside_the_period_and_comes_once(spans, path):
    assert codes("operator: ge", "to: 1", f"qualifying: {spans}", PLAIN_PROMQL) == [f"wrong_date {path}"]


PLAIN_EUR = "measure: {promql: result, unit: EUR}"


def test_r25_a_relative_target_waits_for_its_frozen_baseline():
    found = key_result("change: -40%", "baseline: {over: 90d}", "measure: {promql: mttr, unit: min}")

    assert (found.kind, found.relative_change) == (KeyResultKind.RELATIVE, -0.4)
    assert (found.baseline, found.target, found.unit.symbol) == (None, None, "min")
    assert found.baseline_from == BaselineFromHistory(timedelta(days=90))


def test_r25_a_unit_that_only_the_measure_tells_is_a_ratio_where_it_is_percent():
    found = key_result("change: -50%", "baseline: {over: 90d}", "measure: {promql: errors, unit: '%'}")

    assert (found.unit, found.measure.unit.symbol) == (RATIO, "%")


def test_r25_a_relative_target_follows_from_a_declared_baseline():
    found = key_result("change: -40%", "from: 50min", SECONDS_PROMQL)

    # 50 x (1 - 0.4) = 30
    assert (found.baseline, found.target, found.unit.symbol) == (50, 30, "min")


def test_r6_less_of_a_loss_is_a_rise():
    found = key_result("verb: increase", "change: -40%", "from: -10 EUR", "stretch: -5 EUR", PLAIN_EUR)

    # -10 x (1 - 0.4) = -6, and -5 lies beyond.
    assert (found.baseline, found.target, found.stretch) == (-10, -6, -5)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["change: -40%", "from: 0", PLAIN_PROMQL], "target_equals_baseline from"),
        (["change: 0%", "baseline: {over: 90d}", PLAIN_PROMQL], "target_equals_baseline change"),
        (["change: -40%", PLAIN_PROMQL], "no_baseline from"),
        (["change: -40%", "from: 5", "baseline: {over: 90d}", PLAIN_PROMQL], "does_not_belong baseline"),
        (["change: -40", "from: 5", PLAIN_PROMQL], "wrong_value change"),
        (["change: -40ms", "from: 5", PLAIN_PROMQL], "wrong_unit change"),
        (["change: true", "from: 5", PLAIN_PROMQL], "wrong_type change"),
        (["change: -140%", "from: 5", PLAIN_PROMQL], "wrong_value change"),
        (["kind: relative", "from: 5", PLAIN_PROMQL], "missing_key change"),
        (["baseline: {over: 90d}", "to: 5", PLAIN_PROMQL], "missing_key kind"),
        (["change: -40%", "to: 5", "from: 5", PLAIN_PROMQL], "does_not_belong to"),
    ],
)
def test_r25_a_relative_one_without_a_way_is_refused(lines, expected):
    assert codes(*lines) == [expected]


RATIO_PROMQL = "measure: {promql: conversion, unit: ratio}"
POINTS_PROMQL = "measure: {promql: satisfaction, unit: points}"


def test_k69_5_points_more_wait_for_the_frozen_baseline():
    found = key_result("change: +5 points", "baseline: {over: 90d}", POINTS_PROMQL)

    assert (found.kind, found.absolute_change, found.relative_change) == (KeyResultKind.INCREASE, 5, None)
    assert (found.baseline, found.target, found.unit.symbol) == (None, None, "points")


# Of 4 %: 5 % more is 4 x 1.05 = 4.2 %, and 5 percentage points more is 9 %.
@pytest.mark.parametrize(
    ("change", "kind", "target"),
    [
        ("5%", KeyResultKind.RELATIVE, 0.042),
        ("+5%", KeyResultKind.RELATIVE, 0.042),
        ("0.05", KeyResultKind.RELATIVE, 0.042),
        ("+5pp", KeyResultKind.INCREASE, 0.09),
        ("+5 PP", KeyResultKind.INCREASE, 0.09),
        ("5 percent points", KeyResultKind.INCREASE, 0.09),
        ("5 percentage points", KeyResultKind.INCREASE, 0.09),
        ("-1 percentage point", KeyResultKind.DECREASE, 0.03),
    ],
)
def test_percent_are_a_share_of_the_baseline_and_percentage_points_are_not(change, kind, target):
    found = key_result(f"change: {change}", "from: 4%", RATIO_PROMQL)

    assert (found.kind, found.unit) == (kind, RATIO)
    assert (found.baseline, found.target) == pytest.approx((0.04, target))


# 40 + 5; 800 ms - 0.2 s = 600 ms; 2/week and 1/day more, which is 7/week: 9/week
@pytest.mark.parametrize(
    ("change", "start", "measure", "expected"),
    [
        ("+5 points", "40 points", POINTS_PROMQL, (KeyResultKind.INCREASE, 45, "points")),
        ("-0.2s", "800ms", SECONDS_PROMQL, (KeyResultKind.DECREASE, 600, "ms")),
        ("+1/day", "2/week", "measure: {promql: deploys, unit: /week}", (KeyResultKind.INCREASE, 9, "/week")),
    ],
)
def test_a_change_with_a_unit_is_a_way_in_the_unit_of_the_metric(change, start, measure, expected):
    found = key_result(f"change: {change}", f"from: {start}", measure)

    assert (found.kind, found.target, found.unit.symbol) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["change: +0 points", "baseline: {over: 90d}", POINTS_PROMQL], "target_equals_baseline change"),
        (["change: +5 points", POINTS_PROMQL], "no_baseline from"),
        (["change: +5 points", "from: 40%", RATIO_PROMQL], "wrong_unit change"),
        (["change: +5pp", "from: 40 points", POINTS_PROMQL], "wrong_unit change"),
        (["change: +5 points", "from: 40 points", "to: 45 points", POINTS_PROMQL], "does_not_belong to"),
        (["kind: decrease", "change: +5 points", "from: 40 points", POINTS_PROMQL], "direction_conflict kind"),
        (["kind: decrease", "change: +5 points", "baseline: {over: 90d}", POINTS_PROMQL], "direction_conflict kind"),
        (["kind: increase", "change: +5%", "from: 40%", RATIO_PROMQL], "wrong_unit change"),
        (["kind: relative", "change: +5 points", "from: 40 points", POINTS_PROMQL], "wrong_unit change"),
        (["kind: band", "change: 5 points", "from: 40 points", POINTS_PROMQL], "wrong_unit change"),
        (
            ["kind: threshold", "operator: ge", "to: 5 points", "change: +5 points", POINTS_PROMQL],
            "does_not_belong change",
        ),
        (["verb: reduce", "change: +5 points", "baseline: {over: 90d}", POINTS_PROMQL], "direction_conflict verb"),
        (["change: +5pp", "from: 98%", "measure: {slo: api-availability}"], "wrong_value change"),
    ],
)
def test_a_change_in_the_unit_of_the_metric_without_a_way_is_refused(lines, expected):
    assert codes(*lines) == [expected]


def test_points_of_a_ratio_are_told_how_to_be_written():
    [(_, _, message)] = faults("change: +5 points", "from: 40%", RATIO_PROMQL)

    assert message == "is in points, from is a ratio (%); percentage points are written +5pp"


def test_r26_a_band_has_limits_or_lies_around_a_baseline():
    absolute = key_result("low: 9/week", "high: 11/week", "critical: 8/week", "measure: {promql: up, unit: /week}")
    around = key_result("kind: band", "change: 10%", "from: 10/week", "measure: {promql: up, unit: /week}")
    waiting = key_result("kind: band", "change: 5%", "operator: le", "baseline: {over: 28d}", SECONDS_PROMQL)

    assert (absolute.low, absolute.high, absolute.critical, absolute.target) == (9, 11, 8, None)
    # 10 x 0.9 and 10 x 1.1
    assert (around.low, around.high) == pytest.approx((9, 11))
    assert (waiting.low, waiting.high, waiting.relative_change, waiting.operator) == (None, None, 0.05, Operator.LE)


def test_r26_a_band_around_a_declared_baseline_with_an_operator_has_one_limit():
    found = key_result("kind: band", "change: 5%", "operator: le", "from: 400ms", SECONDS_PROMQL)

    # 400 x 1.05 = 420, and nothing below
    assert (found.low, found.high) == (None, 420)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["low: 11", "high: 9", PLAIN_PROMQL], "wrong_value high"),
        (["kind: band", PLAIN_PROMQL], "no_numbers"),
        (["low: 9", "high: 11", "from: 10", PLAIN_PROMQL], "does_not_belong from"),
        (["kind: band", "change: 10%", "low: 9", "from: 10", PLAIN_PROMQL], "does_not_belong change"),
        (["kind: band", "change: -10%", "from: 10", PLAIN_PROMQL], "wrong_value change"),
        (["kind: band", "change: 10%", "from: 0", PLAIN_PROMQL], "target_equals_baseline from"),
        (["low: 9", "high: 11s", PLAIN_PROMQL], "wrong_unit high"),
    ],
)
def test_r26_a_band_without_room_is_refused(lines, expected):
    assert codes(*lines) == [expected]


def test_r27_guards_are_named_in_short_or_in_full():
    text = with_key_result("name: kr", "guards: [other, rock-solid-api/third, other]", "guardRequiredShare: 90%",
                           "from: 1", "to: 2", PLAIN_PROMQL) + OTHERS  # fmt: skip

    found, *_ = loaded(text).definitions.key_results

    assert found.guards == ("rock-solid-api/other", "rock-solid-api/third")
    assert found.guard_required_share == 0.9


def test_r27_a_guard_that_is_nowhere_is_refused_with_the_nearest_name():
    text = with_key_result("name: kr", "guards: [othr]", "from: 1", "to: 2", PLAIN_PROMQL) + OTHERS

    assert faults_of(text) == [
        f"a.yaml:{KEY_RESULT_LINE + 1}:16: spec.keyResults[0].guards[0]: there is no key result 'rock-solid-api/othr'; "
        "did you mean 'rock-solid-api/other'?"
    ]


def test_r27_a_key_result_does_not_guard_itself():
    assert codes("guards: [kr]", "from: 1", "to: 2", PLAIN_PROMQL) == ["self_reference guards[0]"]


def test_r28_a_share_of_members_has_a_target_of_all_of_them_unless_it_says_less():
    all_of_them = key_result("share: {}", "measure: {promql: has_sast, member: repo}")
    most = key_result("share: {}", "to: 97.5%", "measure: {promql: has_sast, member: repo}")

    assert (all_of_them.target, most.target) == (1, 0.975)
    assert all_of_them.measure == PromqlMeasure("has_sast", "prometheus", PLAIN, "repo")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["share: {}", PLAIN_PROMQL], "wrong_unit measure.unit"),
        (["share: {operator: lt}", "measure: {promql: up, member: repo}"], "missing_key share.limit"),
        (["share: {operator: lt, limit: 5min}", "measure: {promql: up, unit: ratio}"], "measure share.limit"),
        (["share: {operator: lt, limit: 5min}", "measure: {promql: up, member: repo}"], "wrong_unit measure.unit"),
        (["share: {}", "measure: {incidents: {quantity: timeToRestore}}"], "measure share"),
        (["share: {}", "to: 97", "measure: {promql: up, unit: ratio}"], "wrong_unit to"),
        (["share: {}", "to: 101%", "measure: {promql: up, unit: ratio}"], "wrong_unit to"),
        (["share: {}", "from: 5%", "measure: {promql: up, unit: ratio}"], "does_not_belong from"),
    ],
)
def test_r28_a_share_without_members_or_ratio_is_refused(lines, expected):
    assert codes(*lines) == [expected]


def test_r29_a_milestone_is_reached_with_evidence_only():
    reached = key_result("done: true", "evidence: {url: 'https://wiki.example/x', reachedAt: 2026-11-02}")
    open_one = key_result("kind: milestone")

    assert reached.evidence == Evidence("https://wiki.example/x", datetime(2026, 11, 1, 23, tzinfo=UTC))
    assert (open_one.kind, open_one.evidence, open_one.done) == (KeyResultKind.MILESTONE, None, None)
    assert codes("kind: milestone", "done: true") == ["no_evidence evidence"]
    assert codes("done: false", "evidence: {url: 'https://wiki.example/x', reachedAt: 2026-11-02}") == [
        "wrong_value done"
    ]
    assert codes("evidence: {url: 'javascript:alert(1)', reachedAt: 2026-11-02}") == ["wrong_value evidence.url"]


def test_an_ordinal_says_what_its_zones_mean():
    found = key_result("zone: target", "zones: {fail: none, commit: one team, stretch: all}")

    assert (found.zone, found.zones) == ("target", (("fail", "none"), ("commit", "one team"), ("stretch", "all")))
    assert codes("zone: best") == ["wrong_value zone"]


def test_a_hypothesis_has_the_smallest_effect_that_validates_it():
    found = key_result("effect: -20ms", "baseline: {over: 14d}", "measure: {promql: up, unit: ms}")

    assert (found.target, found.unit.symbol, found.counts) == (-20, "ms", False)
    assert codes("effect: 0", PLAIN_PROMQL) == ["target_equals_baseline effect"]


def test_a_reach_starts_at_nothing():
    assert key_result("kind: reach", "to: 10", PLAIN_PROMQL).baseline == 0
    assert codes("kind: reach", "to: 0", PLAIN_PROMQL) == ["target_equals_baseline to"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["parts: [{keyResult: kr}]"], "key_result_ring parts[0].keyResult"),
        (["kind: composite"], "missing_key parts"),
        (["parts: [{keyResult: nobody/x}]"], "dangling_reference parts[0].keyResult"),
        (["parts: [{keyResult: a/b/c}]"], "wrong_name parts[0].keyResult"),
        (["from: 0%", "to: 50%", "measure: {keyResult: kr}"], "key_result_ring measure.keyResult"),
    ],
)
def test_a_composite_without_parts_or_of_itself_is_refused(lines, expected):
    assert expected in codes(*lines)


def test_a_ring_of_key_results_is_told_once():
    text = with_key_result("name: a", "parts: [{keyResult: b}]")
    text += "    - {name: b, bestOf: [c], from: 1, to: 2, measure: {promql: up}}\n"
    text += "    - {name: c, from: 0%, to: 50%, measure: {keyResult: a}}\n"

    (fault,) = faults_of(text)

    assert fault.endswith(
        "spec.keyResults[0].parts[0].keyResult: key results take their progress from each other: "
        "rock-solid-api/a -> rock-solid-api/b -> rock-solid-api/c -> rock-solid-api/a"
    )


def test_everything_else_that_a_key_result_says_is_kept():
    found = key_result(
        "from: 34%", "to: 65%", "measure: {promql: up, unit: ratio}",
        "minSamples: 30", "precision: 1", "verb: increase", "metric: activation",
        "counted: new accounts", "excluded: own staff", "sourceNote: product events", "contributionNote: fewer leave",
        "timing: proxy", "proxyNote: r = 0.8", "indicator: activation", "outcome: activation",
        "visibility: restricted", "state: postponed", "revision: {reason: scope_change, note: second product}",
        "stakeholders: [sales, support]", "runbook: 'https://wiki.example/run'", "layer: L8", "title: Activate more",
    )  # fmt: skip

    assert (found.min_samples, found.precision, found.verb, found.metric_name) == (30, 1, "increase", "activation")
    assert found.definition == MetricDefinition("new accounts", "own staff", "product events", "fewer leave")
    assert (found.timing, found.proxy_note) == (IndicatorTiming.PROXY, "r = 0.8")
    assert (found.indicator, found.outcome, found.layer) == ("activation", "activation", "L8")
    assert (found.visibility, found.state) == (Visibility.RESTRICTED, KeyResultState.POSTPONED)
    assert found.revision == Revision(RevisionReason.SCOPE_CHANGE, "second product")
    assert (found.stakeholders, found.runbook) == (("sales", "support"), "https://wiki.example/run")
    assert found.title == "Activate more"
