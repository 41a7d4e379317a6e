# ruff: noqa: E501 - a row of a table, with the very line it expects, reads best unbroken
"""What SLO documents say of windows, budgets, missing data and composites; and maintenance windows."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.definitions.samples import SLO, changed, codes_of, faults_of, loaded

from okrbridge.domain.maintenance import MaintenanceReason, MaintenanceWindow, Recurrence
from okrbridge.domain.sli import CompositeMode, SliKind
from okrbridge.domain.slo import Budgeting, BurnPolicy, LowTraffic, NoDataPolicy, Slo, TimeSlices
from okrbridge.domain.windows import CalendarUnit, CalendarWindow, Interval

OBJECTIVES = "[{target: 0.999}]"
WINDOW = "duration: 30d, isRolling: true"
CALENDAR = 'isRolling: false, calendar: {startTime: "2026-01-01 00:00:00", timeZone: Europe/Berlin}'


def one(text: str) -> Slo:
    (slo,) = loaded(text).definitions.slos
    return slo


def annotated(**annotations: str) -> str:
    lines = ", ".join(f"okrbridge.dev/{name.replace('_', '-')}: {value}" for name, value in annotations.items())
    return changed(SLO, "{name: api-availability}", f"{{name: api-availability, annotations: {{{lines}}}}}")


# Windows


@pytest.mark.parametrize(
    ("duration", "unit", "count"),
    [
        ("1d", CalendarUnit.DAY, 1),
        ("1w", CalendarUnit.WEEK, 1),
        ("2w", CalendarUnit.WEEK, 2),
        ("1M", CalendarUnit.MONTH, 1),
        ("1Q", CalendarUnit.QUARTER, 1),
        ("1Y", CalendarUnit.YEAR, 1),
    ],
)
def test_a_calendar_window_has_a_unit_a_zone_and_a_beginning(duration, unit, count):
    slo = one(changed(SLO, WINDOW, f"duration: {duration}, {CALENDAR}"))
    assert slo.window == CalendarWindow(unit, "Europe/Berlin", datetime(2026, 1, 1), count)  # noqa: DTZ001 - a wall clock


def test_m_is_minute_and_capital_m_is_month():
    assert one(changed(SLO, "duration: 30d", "duration: 90m")).window.length == timedelta(minutes=90)
    month = changed(SLO, WINDOW, f"duration: 1m, {CALENDAR}")
    assert faults_of(month) == [
        "a.yaml:13:27: spec.timeWindow[0].duration: '1m' is no calendar period; write 1d, 1w, 1M, 1Q or 1Y; m is minute, M is month"
    ]


@pytest.mark.parametrize(
    ("window", "code"),
    [
        (f"duration: 1h, {CALENDAR}", "wrong_value"),
        (f"duration: 99Y, {CALENDAR}", "wrong_value"),
        ("duration: 1M, isRolling: false, calendar: {startTime: 2026-01-01 00:00:00Z, timeZone: UTC}", "wrong_date"),
        ("duration: 1M, isRolling: false, calendar: {startTime: 2026-02-30 00:00:00, timeZone: UTC}", "wrong_date"),
        ("duration: 1M, isRolling: false, calendar: {startTime: 2026-01-01, timeZone: Berlin}", "wrong_time_zone"),
        ("duration: 1M, isRolling: true, calendar: {startTime: 2026-01-01, timeZone: UTC}", "does_not_belong"),
        ("duration: 1M, isRolling: false", "missing_key"),
    ],
)
def test_a_faulty_calendar_window_is_refused(window, code):
    assert codes_of(changed(SLO, WINDOW, window)) == [code]


def test_several_windows_and_targets_share_one_indicator():
    sli = (
        "apiVersion: openslo/v1\nkind: SLI\nmetadata: {name: requests}\nspec:"
        + SLO[SLO.index("\n      ratio") : SLO.index("  timeW")]
    )
    start, end = SLO.index("  indicator:"), SLO.index("  timeWindow")
    slo = SLO[:start] + "  indicatorRef: requests\n" + SLO[end:]
    week = changed(changed(slo, "name: api-availability", "name: week"), "30d", "7d")
    first, second = loaded(f"{slo}---\n{week}---\n{sli}").definitions.slos
    assert first.sli.key == second.sli.key
    assert (first.window.length.days, second.window.length.days) == (30, 7)


def test_samples_are_asked_for_where_the_indicator_stands():
    start, end = SLO.index("  indicator:"), SLO.index("  timeWindow")
    text = SLO[:start] + "  indicatorRef: requests\n" + SLO[end:]
    text = changed(text, "name: api-availability", "name: a, annotations: {okrbridge.dev/samples: 'true'}")
    told = [fault for fault in faults_of(text) if "samples" in fault]
    assert len(told) == 1
    assert "belongs to the SLI document that indicatorRef names" in told[0]


# Budgeting


@pytest.mark.parametrize(
    ("method", "keys", "slices"),
    [
        ("Timeslices", "timeSliceTarget: 0.95, timeSliceWindow: 5m", TimeSlices(timedelta(minutes=5), 0.95)),
        ("RatioTimeslices", "timeSliceWindow: 1m", TimeSlices(timedelta(minutes=1), 0.0)),
    ],
)
def test_time_slices_are_read(method, keys, slices):
    slo = one(changed(changed(SLO, "Occurrences", method), "target: 0.999", f"target: 0.999, {keys}"))
    assert (slo.budgeting, slo.time_slices) == (Budgeting(method), slices)


@pytest.mark.parametrize(
    ("method", "keys", "faults"),
    [
        ("RatioTimeslices", "timeSliceTarget: 0.95, timeSliceWindow: 1m", ["15:34: spec.objectives[0].timeSliceTarget: does not go with RatioTimeslices; remove it"]),
        ("Timeslices", "timeSliceTarget: 0.95", ["15:16: spec.objectives[0]: Timeslices needs timeSliceWindow, such as 1m"]),
        ("Timeslices", "timeSliceTarget: 95, timeSliceWindow: 1m", ["15:51: spec.objectives[0].timeSliceTarget: 95 is not a ratio above 0, at most 1; write 0.95 for 95%"]),
        ("Timeslices", "timeSliceTarget: 0.95, timeSliceWindow: 90s", ["15:74: spec.objectives[0].timeSliceWindow: a time slice is a whole number of minutes, at most a day, such as 1m or 5m"]),
    ],
)  # fmt: skip
def test_faulty_time_slices_are_refused(method, keys, faults):
    text = changed(changed(SLO, "Occurrences", method), "{target: 0.999}", f"{{target: 0.9, {keys}}}")
    found = [each.split(": ", 1)[1] for each in faults_of(text)]
    assert found == [each.split(": ", 1)[1] for each in faults]


# Annotations


def test_annotations_say_what_openslo_has_no_key_for():
    slo = one(annotated(no_data="bad", minimum_events='"100"', minimum_failures='"5"', burn_policy="okr-2x"))
    assert slo.no_data is NoDataPolicy.BAD
    assert slo.low_traffic == LowTraffic(100, 5)
    assert slo.burn_policy is BurnPolicy.OKR_2X
    assert slo.count_budget is None


def test_without_annotations_silence_is_unknown_and_the_workbook_alerts():
    slo = one(SLO)
    assert (slo.no_data, slo.burn_policy, slo.low_traffic) == (NoDataPolicy.UNKNOWN, BurnPolicy.WORKBOOK, LowTraffic())


def test_a_count_budget_allows_a_target_of_100_percent():
    slo = one(changed(annotated(count_budget='"5"'), "target: 0.999", "target: 1.0"))
    assert (slo.target_ratio, slo.count_budget) == (1, 5)


PLACE = "a.yaml:3:59: metadata.annotations"
FAULTY = [
    ({"no_data": "god"}, "['okrbridge.dev/no-data']: 'god' is none of unknown, good, bad, ignore; did you mean 'good'?"),
    ({"count_budget": '"0"'}, "['okrbridge.dev/count-budget']: '0' is not a number above 0: at most so many bad events in the window"),
    ({"count_budget": '"five"'}, "['okrbridge.dev/count-budget']: 'five' is not a number above 0: at most so many bad events in the window"),
    ({"minimum_events": '"-1"'}, "['okrbridge.dev/minimum-events']: '-1' is not a number, 0 or more"),
    ({"minimum_events": '"inf"'}, "['okrbridge.dev/minimum-events']: 'inf' is not a number, 0 or more"),
    ({"burn_policy": "okr2x"}, "['okrbridge.dev/burn-policy']: 'okr2x' is none of workbook, okr-2x; did you mean 'okr-2x'?"),
    ({"no_dta": "good"}, "['okrbridge.dev/no-dta']: unknown annotation; did you mean 'no-data'?"),
    ({"composite": "worst"}, "['okrbridge.dev/composite']: belongs to objectives with indicators of their own; here there is one indicator"),
    ({"count_budget": "5"}, "['okrbridge.dev/count-budget']: must be text, not 5; put it in quotes"),
]  # fmt: skip


@pytest.mark.parametrize(("annotations", "expected"), FAULTY)
def test_a_faulty_annotation_is_refused_at_its_place(annotations, expected):
    (fault,) = faults_of(annotated(**annotations))
    assert fault.startswith("a.yaml:3:")
    assert fault.split(" metadata.annotations")[1] == expected


def test_an_annotation_of_slos_is_refused_elsewhere():
    text = "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: a, annotations: {okrbridge.dev/no-data: good}}\nspec: {}\n"
    (fault,) = faults_of(text)
    assert fault.endswith("unknown annotation; it belongs to an SLO")


def test_a_page_that_was_asked_for_and_cannot_be_had_is_told():
    text = changed(annotated(burn_policy="okr-2x"), "30d", "12h")
    (warning,) = loaded(text).warnings
    assert "the page above 2x on 1d and 2h is left out: its 1d window is longer than the SLO's 12h" in str(warning)


def test_default_pairs_that_do_not_fit_a_window_are_no_warning():
    assert loaded(changed(SLO, "30d", "12h")).warnings == ()


# Composites

METRIC = "{{spec: {{ratioMetric: {{counter: true, bad: {{metricSource: {{type: Prometheus, spec: {{query: '{0}_bad'}}}}}}, total: {{metricSource: {{type: Prometheus, spec: {{query: '{0}'}}}}}}}}}}}}"


def composite(*objectives: str, annotations: str = "{}") -> str:
    start, end = SLO.index("  indicator:"), SLO.index("  timeWindow")
    text = SLO[:start] + SLO[end:]
    entries = "".join(f"\n  - {each}" for each in objectives)
    text = changed(text, "{name: api-availability}", f"{{name: api-availability, annotations: {annotations}}}")
    return changed(text, f" {OBJECTIVES}", entries)


def part(query: str, rest: str) -> str:
    return f"{{indicator: {METRIC.format(query)}, {rest}}}"


def test_objectives_with_indicators_make_one_composite():
    slo = one(composite(part("a", "target: 0.999, compositeWeight: 3"), part("b", "target: 0.99")))
    assert slo.name == "api-availability"
    assert (slo.sli.kind, slo.sli.mode) == (SliKind.COMPOSITE, CompositeMode.WEIGHTED)
    assert [(each.sli.total, each.target_ratio, each.weight) for each in slo.sli.members] == [
        ("a", 0.999, 3),
        ("b", 0.99, 1),
    ]
    # (3 x 0.999 + 1 x 0.99) / 4
    assert slo.target_ratio == 0.99675


def test_the_mode_and_the_target_of_a_composite_can_be_written():
    annotations = "{okrbridge.dev/composite: all, okrbridge.dev/composite-target: 99.5%}"
    slo = one(composite(part("a", "target: 0.999"), part("b", "target: 0.99"), annotations=annotations))
    assert (slo.sli.mode, slo.target_ratio) == (CompositeMode.ALL, 0.995)


def test_the_members_of_a_composite_are_counted():
    definitions = loaded(composite(part("a", "target: 0.999"), part("b", "target: 0.99"))).definitions
    assert [sli.total for sli in definitions.slis] == ["a", "b"]


@pytest.mark.parametrize(
    ("objectives", "code"),
    [
        ([part("a", "target: 0.999"), "{target: 0.99}"], "indicator"),
        ([part("a", "target: 0.999"), "{target: 0.99, indicatorRef: gone}"], "dangling_reference"),
        ([part("a", "target: 1"), part("b", "target: 0.9")], "no_error_budget"),
        ([part("a", "target: 0.999, compositeWeight: 0"), part("b", "target: 0.9")], "wrong_value"),
    ],
)
def test_a_faulty_composite_is_refused(objectives, code):
    assert codes_of(composite(*objectives)) == [code]


def test_a_composite_has_no_indicator_beside_its_objectives():
    text = changed(SLO, OBJECTIVES, f"[{part('a', 'target: 0.9')}]")
    assert faults_of(text) == [
        "a.yaml:6:3: spec.indicator: the objectives have indicators of their own; remove this one, or theirs"
    ]


def test_a_composite_has_no_count_budget():
    text = composite(part("a", "target: 0.9"), annotations='{okrbridge.dev/count-budget: "3"}')
    assert codes_of(text) == ["does_not_belong"]


# Maintenance


def maintenance(spec: str) -> str:
    return f"{SLO}---\napiVersion: okrbridge.dev/v1\nkind: MaintenanceWindow\nmetadata: {{name: patching}}\nspec: {{{spec}}}\n"


def window_of(spec: str) -> MaintenanceWindow:
    (window,) = loaded(maintenance(spec)).definitions.maintenance
    return window


def test_a_single_maintenance_is_an_interval():
    window = window_of(
        "start: 2026-11-22 02:00, end: 2026-11-22 04:00, timezone: Europe/Berlin, slos: [api-availability]"
    )
    # Berlin is an hour ahead of UTC in November.
    assert window.once == (Interval(datetime(2026, 11, 22, 1, tzinfo=UTC), datetime(2026, 11, 22, 3, tzinfo=UTC)),)
    assert (window.name, window.title, window.is_excluded) == ("patching", "patching", True)
    assert window.slos == {"api-availability"}


def test_a_repeated_maintenance_has_a_rule_on_the_wall_clock():
    window = window_of("start: 2026-11-22 02:00, duration: 2h, rrule: FREQ=WEEKLY;BYDAY=SU, timezone: Europe/Berlin")
    wall = datetime(2026, 11, 22, 2)  # noqa: DTZ001 - a wall clock
    assert window.recurrence == Recurrence("FREQ=WEEKLY;BYDAY=SU", wall, "Europe/Berlin", timedelta(hours=2))
    assert window.once == ()


def test_a_repeated_maintenance_may_begin_at_an_instant():
    window = window_of("start: 2026-11-22T01:00:00Z, duration: 2h, rrule: FREQ=DAILY, timezone: Europe/Berlin")
    assert window.recurrence is not None
    assert window.recurrence.start == datetime(2026, 11, 22, 2)  # noqa: DTZ001 - a wall clock


@pytest.mark.parametrize(
    ("reason", "flag", "is_excluded"),
    [
        ("maintenance", "", True),
        ("maintenance", ", exclude: false", False),
        ("game-day", "", False),
        ("game-day", ", exclude: true", True),
        ("load-test", "", False),
    ],
)
def test_only_maintenance_is_left_out_without_being_flagged(reason, flag, is_excluded):
    window = window_of(f"start: 2026-11-22, duration: 2h, reason: {reason}{flag}")
    assert (window.reason, window.is_excluded) == (MaintenanceReason(reason), is_excluded)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("start: 2026-11-22", "20:7: spec: needs exactly one of end and duration; there are none"),
        ("start: 2026-11-22, end: 2026-11-23, duration: 1h", "20:7: spec: needs exactly one of end and duration; there are both"),
        ("start: 2026-11-22, end: 2026-11-22", "20:32: spec.end: must be after start"),
        ("start: 2026-11-22, end: 2026-11-23, rrule: FREQ=DAILY", "20:27: spec.end: a window that repeats has a duration instead, such as 2h"),
        ("start: 2026-11-22, duration: 1h, rrule: FREQ=MINUTELY", "20:48: spec.rrule: repeats within an hour; the finest rule is FREQ=HOURLY, at one minute of the hour"),
        ("start: 2026-11-22, duration: 25h, rrule: FREQ=DAILY", "20:49: spec.rrule: the next occurrence begins before the one of 2026-11-22 00:00:00 ends; shorten duration"),
        ("start: soon, duration: 1h", "20:15: spec.start: must be a date, a time such as 2026-11-22 02:00, or one with an offset"),
        ("start: 2026-11-22, duration: 1h, slos: [api-availablity]", "20:48: spec.slos[0]: there is no SLO named 'api-availablity'; did you mean 'api-availability'?"),
        ("start: 2026-11-22, duration: 1h, reason: party", "20:49: spec.reason: 'party' is not one of maintenance, game-day, load-test"),
    ],
)  # fmt: skip
def test_a_faulty_maintenance_is_refused_with_place_and_remedy(spec, expected):
    (fault,) = faults_of(maintenance(spec))
    assert fault == f"a.yaml:{expected}"


def test_maintenance_of_nothing_is_warned_of():
    (warning,) = loaded(maintenance("start: 2026-11-22, duration: 1h, services: [ap]")).warnings
    assert str(warning) == "a.yaml:20:7: spec: is for no SLO: none has these names, services and labels together"
