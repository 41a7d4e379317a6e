"""Each kind of key result turns its value into progress, and into a status, by its own rule."""

from datetime import timedelta

import pytest
from tests.unit.domain.okr_examples import DUE, HALF_WAY, START, error_budget, key_result, progress_at

from okrbridge.domain.key_results import Evidence, KeyResult, KeyResultKind, Operator
from okrbridge.domain.pacing import KeyResultStatus, pace_of
from okrbridge.domain.progress import Progress, holds, linear, progress_of, wants_high
from okrbridge.domain.stated import stated_value, zone_at, zone_value

K, S = KeyResultKind, KeyResultStatus
DONE, NOTHING = Progress(1.0, 1.0), Progress(0.0, 0.0)
EVIDENCE = Evidence("https://example.org/report", HALF_WAY)


def of_kind(kind: KeyResultKind, **changes) -> KeyResult:
    """A key result without baseline or target, but for what is wanted."""
    return key_result(kind=kind, **{"baseline": None, "target": None} | changes)


def maintain(required_share: float = 1.0, **changes) -> KeyResult:
    """At least 99.9 % of the time."""
    fields = {"operator": Operator.GE, "target": 0.999, "required_share": required_share}
    return of_kind(K.MAINTAIN, **fields | changes)


def band(low: float | None = 9.0, high: float | None = 11.0, **changes) -> KeyResult:
    return of_kind(K.BAND, low=low, high=high, **changes)


def status_of(declared: KeyResult, value: float, *, compliance: float | None = None, at=HALF_WAY) -> KeyResultStatus:
    return pace_of(declared, at, value, progress_of(declared, value, compliance)).status


def test_r21_a_binary_key_result_set_true_has_arrived():
    declared = of_kind(K.BINARY, done=True)
    assert progress_at(declared, stated_value(declared, HALF_WAY)) == DONE
    undone = of_kind(K.BINARY, done=False)
    assert progress_at(undone, stated_value(undone, HALF_WAY)) == NOTHING


def test_nobody_having_said_anything_about_a_binary_is_no_value():
    assert stated_value(of_kind(K.BINARY), HALF_WAY) is None
    assert stated_value(of_kind(K.ORDINAL), HALF_WAY) is None
    assert stated_value(key_result(), HALF_WAY) is None


def test_r22_500_ms_is_half_of_the_way_from_800_to_200():
    assert progress_of(key_result(kind=K.DECREASE, baseline=800.0, target=200.0), 500.0) == Progress(0.5, 0.5)


def test_r29_a_milestone_without_evidence_is_not_reached():
    claimed = of_kind(K.MILESTONE, done=True)
    assert stated_value(claimed, HALF_WAY) == 0
    assert progress_of(claimed, 1.0) == NOTHING


@pytest.mark.parametrize(
    ("done", "at", "value"),
    [
        (True, HALF_WAY, 1.0),
        (None, HALF_WAY, 1.0),  # the evidence says it
        (False, HALF_WAY, 0.0),  # taken back
        (True, HALF_WAY - timedelta(seconds=1), 0.0),  # not yet
    ],
)
def test_a_milestone_is_reached_from_the_instant_its_evidence_names(done, at, value):
    declared = of_kind(K.MILESTONE, done=done, evidence=EVIDENCE)
    assert stated_value(declared, at) == value
    assert progress_of(declared, value) == Progress(value, value)


@pytest.mark.parametrize(("zone", "ratio"), [("fail", 0.0), ("commit", 0.3), ("target", 0.7), ("stretch", 1.0)])
def test_an_ordinal_stands_at_the_start_of_its_zone(zone, ratio):
    declared = of_kind(K.ORDINAL, zone=zone)
    assert zone_value(zone) == stated_value(declared, HALF_WAY) == ratio
    assert progress_of(declared, ratio) == Progress(ratio, ratio)
    assert zone_at(ratio) == zone


# Up to but not including 0.3 fail, 0.7 commit, 1 target.
@pytest.mark.parametrize(
    ("ratio", "zone"), [(-0.2, "fail"), (0.29, "fail"), (0.69, "commit"), (0.99, "target"), (1.2, "stretch")]
)
def test_a_zone_reaches_up_to_the_next(ratio, zone):
    assert zone_at(ratio) == zone


def test_another_zone_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="'great' is no zone; write one of fail, commit, target, stretch"):
        zone_value("great")


def test_r26_a_band_holds_between_its_limits_and_on_them():
    # 10 a week, 10 % more or less: 9 to 11.
    assert [progress_of(band(), value) for value in (8.0, 9.0, 10.0, 11.0, 11.5)] == [
        NOTHING,
        DONE,
        DONE,
        DONE,
        NOTHING,
    ]
    assert status_of(band(), 8.0) is S.OFF_TRACK


def test_a_band_may_be_open_on_one_side():
    assert holds(band(low=None, high=420.0), 1.0)
    assert not holds(band(low=None, high=420.0), 430.0)
    assert holds(band(low=9.0, high=None), 1e9)


@pytest.mark.parametrize(
    ("critical", "value", "status"),
    [
        # 9 to 11, critical 12: one unit beyond either limit is at risk.
        (12.0, 11.5, S.AT_RISK),
        (12.0, 12.0, S.AT_RISK),
        (12.0, 12.1, S.OFF_TRACK),
        (12.0, 8.0, S.AT_RISK),
        (12.0, 7.9, S.OFF_TRACK),
        (8.0, 12.0, S.AT_RISK),
        # Inside the band it says nothing.
        (10.0, 11.5, S.OFF_TRACK),
        (None, 11.5, S.OFF_TRACK),
    ],
)
def test_the_critical_zone_of_a_band_is_as_wide_on_both_sides(critical, value, status):
    assert status_of(band(critical=critical), value) is status


def test_a_band_without_limits_waits_for_its_baseline():
    assert progress_of(band(low=None, high=None), 10.0) is None
    assert status_of(band(low=None, high=None), 10.0) is S.NO_DATA


# Compliance over the required share; the value of now moves nothing.
@pytest.mark.parametrize(
    ("compliance", "required", "raw"),
    [
        (12 / 13, 1.0, 0.9231),
        (0.5, 1.0, 0.5),
        (12 / 13, 0.9, 1.0256),
        (0.45, 0.9, 0.5),
        (1.0, 1.0, 1.0),
        (0.0, 1.0, 0.0),
    ],
)
def test_a_maintain_key_result_moves_by_its_compliance(compliance, required, raw):
    progress = progress_at(maintain(required), 0.9, compliance)
    assert progress.raw_ratio == pytest.approx(raw, abs=5e-5)
    assert progress.ratio == pytest.approx(min(1, raw), abs=5e-5)


@pytest.mark.parametrize(
    ("value", "compliance", "at", "status"),
    [
        # While it runs, holding now is what counts.
        (0.999, 0.5, HALF_WAY, S.ON_TRACK),
        (0.9985, 1.0, HALF_WAY, S.AT_RISK),  # within critical, 0.998
        (0.99, 1.0, HALF_WAY, S.OFF_TRACK),
        # When due, all of its time is.
        (0.999, 0.99, DUE, S.MISSED),
        (0.99, 1.0, DUE, S.ACHIEVED),
    ],
)
def test_a_maintain_key_result_is_judged_by_now_and_when_due_by_all_its_time(value, compliance, at, status):
    assert status_of(maintain(critical=0.998), value, compliance=compliance, at=at) is status


def test_before_any_qualified_time_a_maintain_key_result_is_too_early():
    assert progress_of(maintain(), 0.9) is None
    assert status_of(maintain(), 0.9) is S.TOO_EARLY
    assert status_of(maintain(), 0.9, at=START - timedelta(days=1)) is S.NOT_STARTED
    assert status_of(maintain(), 0.9, at=DUE) is S.NO_DATA


@pytest.mark.parametrize("kind", [K.BASELINE, K.HYPOTHESIS])
def test_a_baseline_that_is_looked_for_and_a_hypothesis_have_no_progress(kind):
    declared = of_kind(kind, target=0.1)
    assert progress_of(declared, 5.0) is None
    pace = pace_of(declared, HALF_WAY, 5.0, None)
    assert (pace.gap_ratio, pace.variance_ratio, pace.status) == (None, None, S.TOO_EARLY)
    assert not declared.counts


@pytest.mark.parametrize("kind", [K.INCREASE, K.DECREASE, K.RELATIVE, K.COUNT_PER_PERIOD])
def test_what_has_no_baseline_yet_has_no_progress(kind):
    assert progress_of(of_kind(kind, target=4.0), 5.0) is None
    assert progress_of(of_kind(kind, baseline=4.0), 5.0) is None


@pytest.mark.parametrize("kind", [K.SHARE, K.REACH, K.ERROR_BUDGET])
def test_what_has_no_target_has_no_progress(kind):
    assert progress_of(of_kind(kind), 5.0) is None


def test_a_share_with_a_baseline_moves_from_it():
    # (0.8 - 0.6) / (1 - 0.6) = 0.5
    assert progress_at(of_kind(K.SHARE, baseline=0.6, target=1.0), 0.8).ratio == pytest.approx(0.5)


def test_a_composite_takes_its_value_as_progress():
    assert progress_of(of_kind(K.COMPOSITE), 0.7) == Progress(0.7, 0.7)


def test_a_count_with_an_operator_and_no_baseline_states_a_condition():
    # Fewer than 10 alerts a week.
    declared = of_kind(K.COUNT_PER_PERIOD, operator=Operator.LT, target=10.0)
    assert progress_of(declared, 9.0) == DONE
    assert status_of(declared, 9.0) is S.ON_TRACK
    assert status_of(declared, 10.0) is S.OFF_TRACK


def test_a_condition_without_a_target_is_refused_by_name():
    with pytest.raises(ValueError, match="grow/signups has no target"):
        holds(of_kind(K.THRESHOLD, operator=Operator.LT), 1.0)


def test_an_error_budget_holds_within_its_allowance():
    assert holds(error_budget(0.5), 0.5)
    assert not holds(error_budget(0.5), 0.51)


def test_r39_zero_targets_and_decimals_have_progress():
    assert linear(5, 23, 0).ratio == pytest.approx(0.7826, abs=5e-5)  # 18/23
    assert linear(99.5, 99.2, 99.95).ratio == pytest.approx(0.4)  # 0.3/0.75


def test_r40_a_regression_stays_visible_as_worse_than_the_start():
    # (900 - 800) / (200 - 800) = -0.1667
    worse = linear(900, 800, 200)
    assert worse.raw_ratio == pytest.approx(-0.1667, abs=5e-5)
    assert worse.ratio == 0
    assert worse.is_worse_than_start
    assert not linear(800, 800, 200).is_worse_than_start


def test_too_early_is_a_status_until_the_key_result_is_due():
    declared = key_result()
    pace = pace_of(declared, HALF_WAY, 10.0, progress_of(declared, 10.0), too_early=True)
    assert pace.status is S.TOO_EARLY
    assert pace_of(declared, DUE, 10.0, progress_of(declared, 10.0), too_early=True).status is S.MISSED


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"kind": KeyResultKind.INCREASE, "baseline": None}, True),
        ({"kind": KeyResultKind.DECREASE, "baseline": None, "target": 3.0}, False),
        ({"kind": KeyResultKind.REACH, "baseline": None, "target": -10.0}, False),
        ({"kind": KeyResultKind.RELATIVE, "baseline": 50.0, "target": 30.0}, False),
        ({"kind": KeyResultKind.RELATIVE, "baseline": None, "target": None}, None),
        ({"kind": KeyResultKind.THRESHOLD, "baseline": None, "operator": Operator.LE}, False),
        # Members under a limit are good, and the more of them the better.
        ({"kind": KeyResultKind.SHARE, "baseline": None, "operator": Operator.LT, "limit": 900.0}, True),
        ({"kind": KeyResultKind.ERROR_BUDGET, "baseline": None, "target": 0.5}, False),
        # An effect of +3 % on 40 %: the target is the effect, not a value.
        ({"kind": KeyResultKind.HYPOTHESIS, "baseline": 0.4, "target": 0.03}, True),
        ({"kind": KeyResultKind.HYPOTHESIS, "baseline": 0.4, "target": -0.03}, False),
        ({"kind": KeyResultKind.BAND, "baseline": None, "target": None, "low": 9.0, "high": 11.0}, None),
        ({"kind": KeyResultKind.COUNT_PER_PERIOD, "baseline": 12.0, "target": 3.0}, False),
        ({"kind": KeyResultKind.COUNT_PER_PERIOD, "baseline": None, "target": 3.0}, None),
    ],
)
def test_which_values_are_better_is_told_by_the_kind(changes, expected):
    assert wants_high(key_result(**changes)) is expected
