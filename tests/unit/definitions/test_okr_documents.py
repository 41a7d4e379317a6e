# ruff: noqa: E501, ISC004 - a row of a table, with the very line it expects, reads best unbroken
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.definitions.samples import (
    CYCLE,
    EVERYTHING,
    KEY_RESULT_LINE,
    OBJECTIVE,
    SLO,
    changed,
    codes_of,
    faults_of,
    loaded,
    with_key_result,
)

from okrbridge.domain.key_results import Commitment, KeyResultKind, Operator
from okrbridge.domain.measures import IncidentMeasure, NoMeasure, PromqlMeasure, SloMeasure, SloQuantity
from okrbridge.domain.units import PLAIN, RATIO, parse_unit

BERLIN_START = datetime(2026, 9, 30, 22, tzinfo=UTC)  # midnight of 1 October at UTC+2
BERLIN_END = datetime(2026, 12, 31, 23, tzinfo=UTC)  # midnight of 1 January at UTC+1


def key_result(*lines: str) -> Any:  # the measure is one of three types
    (found,) = loaded(with_key_result("name: kr", *lines)).definitions.key_results
    return found


def test_dates_are_midnights_of_the_cycles_zone():
    (cycle,) = loaded(CYCLE).definitions.cycles

    assert (cycle.interval.start, cycle.interval.end) == (BERLIN_START, BERLIN_END)
    assert (cycle.measure_until, cycle.cadence, cycle.title) == (BERLIN_END, "weekly", "")


def test_instants_carry_their_own_offset():
    text = changed(
        CYCLE, "start: 2026-10-01", "start: 2026-10-01T08:00:00+02:00\n  measureUntil: 2027-02-15\n  cadence: monthly"
    )

    (cycle,) = loaded(text).definitions.cycles

    assert cycle.interval.start == datetime(2026, 10, 1, 6, tzinfo=UTC)
    assert cycle.measure_until == datetime(2027, 2, 14, 23, tzinfo=UTC)
    assert cycle.cadence == "monthly"


FAULTY_CYCLES = [
    ("2026-10-01", "2026-02-30", ["5:10: spec.start: '2026-02-30': February 2026 has 28 days"]),
    ("2026-10-01", "2026-13-01", ["5:10: spec.start: '2026-13-01': there is no month 13"]),
    ("2026-10-01", "0026-10-01", ["5:10: spec.start: '0026-10-01': the year is not between 1970 and 2200"]),
    ("2026-10-01", "2026-10-01T25:00:00Z", ["5:10: spec.start: '2026-10-01T25:00:00Z' is no time of any day"]),
    ("2026-10-01", "2026-10-01T08:00:00",
     ["5:10: spec.start: '2026-10-01T08:00:00' is neither a date (2026-10-01) nor an RFC 3339 time; add the offset, such as "
      "Z or +02:00"]),
    ("2026-10-01", "1.10.2026", ["5:10: spec.start: '1.10.2026' is neither a date (2026-10-01) nor an RFC 3339 time"]),
    ("2026-10-01", "20261001",
     ["5:10: spec.start: must be a date such as 2026-10-01, or an RFC 3339 time such as 2026-10-01T08:00:00Z"]),
    ("2027-01-01", "2026-10-01", ["6:8: spec.end: must be after start, 2026-10-01"]),
    ("2027-01-01", "2025-01-01", ["6:8: spec.end: must be after start, 2026-10-01"]),
    ("2027-01-01", "2027-01-01\n  measureUntil: 2026-12-31",
     ["7:17: spec.measureUntil: must not be before end, 2027-01-01"]),
    ("Europe/Berlin", "Europe/Berln",
     ["7:13: spec.timezone: 'Europe/Berln' is no IANA time zone, such as Europe/Berlin; did you mean 'Europe/Berlin'?"]),
    ("Europe/Berlin", "../etc/passwd", ["7:13: spec.timezone: '../etc/passwd' is no IANA time zone, such as Europe/Berlin"]),
    ("Europe/Berlin", "Europe", None),
    ("Europe/Berlin", "UTC\n  cadence: weakly",
     ["8:12: spec.cadence: 'weakly' is not one of weekly, biweekly, monthly; did you mean 'weekly'?"]),
    ("  start: 2026-10-01\n", "", ["5:3: spec.start: is missing"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), FAULTY_CYCLES)
def test_a_faulty_cycle_is_refused_with_place_and_remedy(old, new, expected):
    found = faults_of(changed(CYCLE, old, new))

    if expected is None:
        assert "is no IANA time zone" in found[0]
    else:
        assert found == [f"a.yaml:{line}" for line in expected]


def test_an_increase_is_known_by_its_numbers():
    found = key_result("from: 99.2%", "to: 99.95%", "measure: {slo: api-availability}")

    assert (found.kind, found.unit, found.baseline, found.target) == (KeyResultKind.INCREASE, RATIO, 0.992, 0.9995)
    assert found.declared_baseline.text == "99.2%"
    assert found.measure == SloMeasure("api-availability", SloQuantity.SLI, None)
    assert (found.period.start, found.period.end) == (BERLIN_START, BERLIN_END)
    assert (found.id, found.title, found.owner) == ("rock-solid-api/kr", "kr", "")


def test_a_decrease_keeps_the_unit_that_was_written():
    found = key_result("from: 800ms", "to: 200ms", "measure: {promql: up, unit: s}")

    assert (found.kind, found.unit.symbol, found.baseline, found.target) == (KeyResultKind.DECREASE, "ms", 800, 200)
    assert found.measure == PromqlMeasure("up", "prometheus", parse_unit("s"))


@pytest.mark.parametrize(
    ("start", "end", "unit", "baseline", "target"),
    [
        # 3/day are 21/week: the week is the finer rate, both numbers stay whole
        ("2/week", "3/day", "/week", 2, 21),
        # decimal prefixes: 2.1 MB are 2100 KB
        ("2.1MB", "500KB", "KB", 2100, 500),
        ("2 s", "800ms", "ms", 2000, 800),
        ("8k", "14,000", "", 8000, 14000),
        ("7 out of 10", "50%", "ratio", 0.7, 0.5),
        ("12/month", "3/month", "/month", 12, 3),
    ],
)
def test_numbers_are_kept_in_the_finer_unit(start, end, unit, baseline, target):
    found = key_result(f"from: {start}", f"to: {end}", f"measure: {{promql: up, unit: '{unit or 1}'}}")

    assert (found.unit.symbol, found.baseline, found.target) == (unit, baseline, target)


def test_a_threshold_is_known_by_its_operator():
    found = key_result("operator: ge", "to: 99%", "critical: 98%", "measure: {slo: api-availability, over: 7d}")

    assert (found.kind, found.operator) == (KeyResultKind.THRESHOLD, Operator.GE)
    assert (found.baseline, found.target, found.critical) == (None, 0.99, 0.98)
    assert str(found.measure.over) == "7d"


def test_an_error_budget_is_known_by_its_allowance():
    found = key_result("allowance: 50%", "measure: {slo: api-availability}")

    assert (found.kind, found.unit, found.target) == (KeyResultKind.ERROR_BUDGET, RATIO, 0.5)
    assert found.declared_target.text == "50%"
    assert found.measure.quantity is SloQuantity.BUDGET


def test_incidents_are_counted_in_each_period():
    found = loaded(
        with_key_result("name: kr", "from: 12/month", "to: 3/month", "measure: {incidents: {severity: [sev1]}}")
    )

    (kr,) = found.definitions.key_results
    assert (kr.kind, kr.per, kr.unit.symbol) == (KeyResultKind.COUNT_PER_PERIOD, "month", "/month")
    assert (kr.baseline, kr.target) == (12, 3)
    # what is counted is a plain number; the run rate makes it a number a month
    assert kr.measure == IncidentMeasure(("sev1",))
    assert found.warnings == ()


def test_a_key_result_without_a_measure_is_loaded_with_a_warning():
    found = loaded(with_key_result("name: kr", "from: 800ms", "to: 200ms"))

    (kr,) = found.definitions.key_results
    assert kr.measure == NoMeasure(parse_unit("ms"))
    assert [str(warning) for warning in found.warnings] == [
        f"a.yaml:{KEY_RESULT_LINE}:7: spec.keyResults[0].measure: is missing, so this key result will show no_data; "
        "write slo: NAME or promql: QUERY"
    ]


def test_periods_and_checkpoints_lie_in_the_cycle():
    found = key_result(
        "start: 2026-11-01",
        "due: 2026-12-01",
        "checkpoints: [{at: 2026-11-10, progress: 25%}, {at: 2026-11-20T00:00:00Z, progress: 0.5}]",
        "from: 1",
        "to: 2",
        "measure: {promql: up}",
    )

    assert found.measure.unit == PLAIN
    # midnights in Berlin in winter are 23:00 UTC of the day before
    assert found.period.start == datetime(2026, 10, 31, 23, tzinfo=UTC)
    assert found.period.end == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert found.checkpoints == (
        (datetime(2026, 11, 9, 23, tzinfo=UTC), 0.25),
        (datetime(2026, 11, 20, tzinfo=UTC), 0.5),
    )


def test_the_objectives_type_is_the_key_results_unless_it_has_its_own():
    text = changed(EVERYTHING, "owner: maria", "owner: maria\n  type: aspirational\n  weight: 2")
    text += (
        "    - {name: other, type: committed, owner: jo, weight: 0, allowance: 0.5, measure: {slo: api-availability}}\n"
    )

    (objective,) = loaded(text).definitions.objectives

    assert objective.commitment is Commitment.ASPIRATIONAL
    assert objective.weight == 2
    assert [kr.commitment.value for kr in objective.key_results] == ["aspirational", "committed"]
    assert [(kr.weight, kr.owner) for kr in objective.key_results] == [(1, ""), (0, "jo")]
    assert objective.title == "rock-solid-api"


# lines of one key result after its name, and the faults: line after the name, column, path below the key result
SLO_MEASURE = "measure: {slo: api-availability}"
FAULTY_KEY_RESULTS = [
    (["to: 200ms", "measure: {promql: up, unit: s}"],
     ["0:7: from: no baseline: say where it starts with from, have it measured with baseline: {over: 90d}, or make it a threshold with operator: ge or le"]),
    (["kind: increase", "to: 99%", SLO_MEASURE],
     ["0:7: from: no baseline: say where the increase starts, such as from: 99.2%, or baseline: {over: 90d}"]),
    (["from: 99%", SLO_MEASURE], ["0:7: to: is missing; say where it should be"]),
    ([SLO_MEASURE], ["0:7: : needs from and to, or operator and to, or allowance, or the keys of another kind"]),
    (["kind: threshold", "to: 99%", SLO_MEASURE], ["0:7: operator: is missing; write ge, gt, le or lt"]),
    (["kind: errorBudget", SLO_MEASURE],
     ["0:7: allowance: is missing; say how much of the budget may be spent, such as 50%"]),
    (["from: 99%", "to: 99%", SLO_MEASURE], ["2:11: to: equals from (from 99% to 99%): there is no way to go"]),
    (["kind: increase", "from: 99%", "to: 98%", SLO_MEASURE],
     ["1:13: kind: contradicts the numbers: increase from 99% to 98% goes down; turn one of them around"]),
    (["kind: decrease", "from: 1", "to: 2", "measure: {promql: up}"],
     ["1:13: kind: contradicts the numbers: decrease from 1 to 2 goes up; turn one of them around"]),
    (["operator: le", "from: 1", "to: 2", "measure: {promql: up}"],
     ["1:17: operator: contradicts the numbers: operator le from 1 to 2 goes up; turn one of them around"]),
    (["operator: ge", "to: 99%", "critical: 99.5%", SLO_MEASURE], ["3:17: critical: must be below to (99%)"]),
    (["operator: lt", "to: 300ms", "critical: 200ms", "measure: {promql: up, unit: s}"],
     ["3:17: critical: must be above to (300ms)"]),
    (["operator: lt", "to: 300ms", "critical: 99%", "measure: {promql: up, unit: s}"],
     ["3:17: critical: is a ratio (%), to is in ms; write both in the same unit"]),
    (["from: 0", "to: 80%", SLO_MEASURE],
     ["2:11: to: is a ratio (%), from is a plain number; write both in the same unit"]),
    (["from: 12/month", "to: 3/week", "measure: {incidents: {}}"],
     ["2:11: to: is in /week, from is in /month; months have no fixed number of days"]),
    (["from: 800 parsecs", "to: 200ms", "measure: {promql: up, unit: s}"], None),
    (["from: true", "to: 2", "measure: {promql: up}"], ["1:13: from: 'true' is not a quantity"]),
    (["from: 1", "to: 2", "operator: ge", "allowance: 50%", SLO_MEASURE],
     ["1:7: from: does not go with a key result of kind errorBudget; remove it",
      "2:7: to: does not go with a key result of kind errorBudget; remove it",
      "3:7: operator: does not go with a key result of kind errorBudget; remove it"]),
    (["allowance: 0%", SLO_MEASURE], ["1:18: allowance: must be above 0%; nothing could be spent"]),
    (["allowance: 50", SLO_MEASURE], ["1:18: allowance: must be a share between 0% and 100%, not 50; write 50%"]),
    (["allowance: 5s", SLO_MEASURE], ["1:18: allowance: must be a share such as 50% or 0.5, not 5s"]),
    (["allowance: 50%", "measure: {promql: up}"],
     ["2:17: measure.promql: an error budget is measured by an SLO; write measure: {slo: NAME}"]),
    (["allowance: 50%", "measure: {slo: api-availability, quantity: sli}"],
     ["2:50: measure.quantity: an error budget follows the budget; write quantity: budget"]),
    (["allowance: 50%", "measure: {slo: api-availability, over: 7d}"],
     ["2:40: measure.over: a budget is counted over the key result's period; remove over, or write quantity: sli"]),
    (["from: 1", "to: 2", "measure: {}"],
     ["3:16: measure: needs exactly one of slo, promql, indicator, incidents, events, keyResult, sql, http, csv and manual; there is none"]),
    (["from: 1%", "to: 2%", "measure: {promql: up, slo: api-availability}"],
     ["3:16: measure: needs exactly one of slo, promql, indicator, incidents, events, keyResult, sql, http, csv and manual; there are slo and promql"]),
    (["from: 1", "to: 2", "measure: {promqll: up}"],
     ["3:17: measure.promqll: unknown key; did you mean 'promql'?",
      "3:16: measure: needs exactly one of slo, promql, indicator, incidents, events, keyResult, sql, http, csv and manual; there is none"]),
    (["from: 1", "to: 2", "measure: {promql: up, over: 7d}"],
     ["3:29: measure.over: goes with slo, incidents, events, sql and csv, not with promql; remove it"]),
    (["from: 1%", "to: 2%", "measure: {slo: api-availability, unit: s}"],
     ["3:40: measure.unit: goes with promql, events, sql, http, csv and manual, not with slo; remove it"]),
    (["from: 800ms", "to: 200ms", "measure: {promql: up}"],
     ["3:16: measure.unit: is missing: the key result is in ms; say what the query gives, such as s"]),
    (["from: 800ms", "to: 200ms", "measure: {promql: up, unit: ratio}"],
     ["3:35: measure.unit: the query gives a ratio (%), the key result is in ms"]),
    (["from: 800ms", "to: 200ms", "measure: {promql: up, unit: secs}"], None),
    (["from: 800ms", "to: 200ms", SLO_MEASURE],
     ["3:22: measure.slo: an SLO gives a ratio (%), the key result is in ms; write it in %"]),
    (["from: 5/day", "to: 3/day", "measure: {promql: up, unit: /month}"],
     ["3:35: measure.unit: the query gives /month, the key result is in /day; months have no fixed number of days, so use "
      "days or weeks on both sides"]),
    (["from: 99%", "to: 101%", SLO_MEASURE], ["2:11: to: an SLI is never outside 0% to 100%"]),
    (["from: 5s", "to: 3s", "measure: {incidents: {}}"],
     ["3:17: measure.incidents: incidents are counted, the key result is in s; write a count, such as 3/month"]),
    (["from: 1", "to: 2", "measure: {promql: 'sum(up'}"], None),
    (["from: 1", "to: 2", "measure: {promql: '\"text\"'}"], None),
    (["from: 1", "to: 2", "measure: {promql: up, source: thanos}"],
     ["3:37: measure.source: there is no DataSource named 'thanos'; declare it, or write prometheus for the default "
      "source"]),
    (["from: 1%", "to: 2%", "measure: {slo: api-availabilty}"],
     ["3:22: measure.slo: there is no SLO named 'api-availabilty'; did you mean 'api-availability'?"]),
    (["from: 1%", "to: 2%", "weight: -1", SLO_MEASURE], ["3:15: weight: a weight is 0 or more, not -1"]),
    (["from: 1%", "to: 2%", "start: 2026-09-01", SLO_MEASURE],
     ["3:14: start: is before the cycle 2026-q4 starts, 2026-09-30T22:00:00Z"]),
    (["from: 1%", "to: 2%", "due: 2027-01-02", SLO_MEASURE],
     ["3:12: due: is after the cycle 2026-q4 ends, 2026-12-31T23:00:00Z"]),
    (["from: 1%", "to: 2%", "start: 2026-11-02", "due: 2026-11-02", SLO_MEASURE],
     ["4:12: due: the period would end (2026-11-01T23:00:00Z) before it starts (2026-11-01T23:00:00Z)"]),
    (["from: 1%", "to: 2%", "checkpoints: [{at: 2026-12-01, progress: 0.5}, {at: 2026-11-01, progress: 0.6}]", SLO_MEASURE],
     ["3:59: checkpoints[1].at: must be after the checkpoint before it"]),
    (["from: 1%", "to: 2%", "checkpoints: [{at: 2027-01-01, progress: 1}]", SLO_MEASURE],
     ["3:26: checkpoints[0].at: is not between start (2026-09-30T22:00:00Z) and due (2026-12-31T23:00:00Z)"]),
    (["from: 1%", "to: 2%", "checkpoints: [{at: 2026-11-01, progress: 110%}]", SLO_MEASURE],
     ["3:48: checkpoints[0].progress: must be a share between 0% and 100%, not 110%"]),
    (["kind: error_budget", "allowance: 50%", SLO_MEASURE],
     ["1:13: kind: 'error_budget' is not one of increase, decrease, reach, threshold, maintain, band, relative, share, countPerPeriod, errorBudget, binary, milestone, ordinal, composite, baseline, hypothesis; did you mean 'errorBudget'?"]),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "expected"), FAULTY_KEY_RESULTS)
def test_a_faulty_key_result_is_refused_with_place_and_remedy(lines, expected):
    found = faults_of(with_key_result("name: kr", *lines))

    if expected is None:  # the wording belongs to another room; the place is ours
        (fault,) = found
        assert fault.startswith(f"a.yaml:{KEY_RESULT_LINE + (1 if 'parsecs' in lines[0] else 3)}:")
        return
    assert sorted(found) == sorted(_absolute(each) for each in expected)


def _absolute(line: str) -> str:
    offset, column, path, message = line.split(":", 3)
    path = path.strip()
    below = "spec.keyResults[0]" + (f".{path}" if path else "")
    return f"a.yaml:{KEY_RESULT_LINE + int(offset)}:{column}: {below}:{message}"


@pytest.mark.parametrize("field", ["cycle", "owner"])
def test_an_objective_without_cycle_or_owner_is_refused_by_the_missing_field(field):
    value = {"cycle": "2026-q4", "owner": "maria"}[field]

    assert faults_of(changed(EVERYTHING, f"  {field}: {value}\n", "")) == [f"a.yaml:29:3: spec.{field}: is missing"]


FAULTY_OBJECTIVES = [
    ("cycle: 2026-q4", "cycle: 2026-q3", ["29:10: spec.cycle: there is no Cycle named '2026-q3'; did you mean '2026-q4'?"]),
    ("cycle: 2026-q4", "cycle: 2026", ["29:10: spec.cycle: must be text, not 2026; put it in quotes"]),
    ("owner: maria", "owner: ''", ["30:10: spec.owner: is empty; write a text"]),
    ("owner: maria", "owner: maria\n  parent: rock-solid-apis",
     ["31:11: spec.parent: there is no Objective named 'rock-solid-apis'; did you mean 'rock-solid-api'?"]),
    ("owner: maria", "owner: maria\n  parent: rock-solid-api",
     ["31:11: spec.parent: objectives are parents of each other: rock-solid-api -> rock-solid-api"]),
    ("- name: uptime", "- name: Uptime", ["32:13: spec.keyResults[0].name: a name is made of a-z, 0-9, - and .; write 'uptime'"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), FAULTY_OBJECTIVES)
def test_a_faulty_objective_is_refused_with_place_and_remedy(old, new, expected):
    assert faults_of(changed(EVERYTHING, old, new)) == [f"a.yaml:{line}" for line in expected]


def test_a_ring_of_parents_is_told_once_and_names_its_members():
    def child(name: str, parent: str) -> str:
        text = OBJECTIVE.replace("rock-solid-api", name)
        return changed(text, "owner: maria", f"owner: maria\n  parent: {parent}")

    text = "---\n".join([SLO, CYCLE, child("a", "b"), child("b", "c"), child("c", "b"), child("d", "a")])

    (fault,) = faults_of(text)
    assert fault.endswith("spec.parent: objectives are parents of each other: b -> c -> b")


def test_a_document_without_a_name_is_no_parent_of_itself():
    nameless = changed(EVERYTHING, "metadata: {name: rock-solid-api}\n", "")
    assert [fault.partition(": ")[2] for fault in faults_of(nameless)] == [
        "metadata: is missing; write metadata: {name: NAME}"
    ]


SHOP = "---\napiVersion: okrbridge.dev/v1\nkind: Team\nmetadata: {name: shop}\nspec: {}\n"
YEAR = "---\napiVersion: okrbridge.dev/v1\nkind: Cycle\nmetadata: {name: '2026'}\nspec: {start: 2026-01-01, end: 2027-01-01}\n"
DOUBTS = [
    ("owner: maria", "owner: maria\n  team: shopp", "team: there is no Team named 'shopp'; did you mean 'shop'?"),
    ("owner: maria", "owner: maria\n  team: shop", ""),
    ("owner: maria", "owner: maria\n  team: backend", ""),  # a team needs no document
    (
        "2027-01-01",
        "2026-12-31\n  parent: '2026'",
        "end: is the beginning of this day, so the cycle is without it; write 2027-01-01 to have it in",
    ),
    ("2027-01-01", "2026-12-31T23:00:00Z", ""),
    (
        "2027-01-01",
        "2027-01-02\n  parent: '2026'",
        "parent: is 2026, and this cycle reaches beyond it; put the dates of one of them right",
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), DOUBTS)
def test_what_is_most_likely_a_slip_is_a_warning(old, new, expected):
    found = loaded(changed(EVERYTHING, old, new) + SHOP + YEAR.replace("01-01,", "01-01, timezone: Europe/Berlin,"))
    told = [f"{one.path.removeprefix('spec.')}: {one.message}" for one in found.warnings if one.code == "doubtful"]
    assert told == ([expected] if expected else [])


def test_equal_names_inside_an_objective_are_refused():
    text = EVERYTHING + "    - {name: uptime, allowance: 50%, measure: {slo: api-availability}}\n"

    assert faults_of(text) == [
        "a.yaml:36:14: spec.keyResults[1].name: another key result of this objective is named 'uptime', spec.keyResults[0]"
    ]


def test_a_key_result_may_follow_a_further_target_of_an_slo():
    text = changed(
        changed(EVERYTHING, "[{target: 0.999}]", "[{target: 0.999}, {target: 0.99}]"),
        "slo: api-availability",
        "slo: api-availability-0.99",
    )

    (found,) = loaded(text).definitions.key_results

    assert getattr(found.measure, "slo", None) == "api-availability-0.99"


def test_one_faulty_key_result_does_not_hide_the_faults_of_the_others():
    text = with_key_result("name: kr", "from: 5 parsecs", "to: 2", "measure: {promql: up}")
    text += (
        "    - {name: kr2, from: 1, to: 1, measure: {promql: up}}\n    - {name: kr3, to: 1, measure: {promql: up}}\n"
    )

    assert codes_of(text) == ["wrong_unit", "target_equals_baseline", "no_baseline"]


def test_a_missing_owner_does_not_hide_the_faults_of_the_key_results():
    text = changed(with_key_result("name: kr", "to: 1", "measure: {promql: up}"), "  owner: maria\n", "  owner:\n")

    assert codes_of(text) == ["empty", "no_baseline"]
    assert codes_of(changed(text, "  owner:\n", "")) == ["missing_key", "no_baseline"]


def test_a_cycle_with_faults_is_still_a_cycle_that_objectives_may_name():
    assert codes_of(changed(EVERYTHING, "end: 2027-01-01", "end: 2026-02-30")) == ["wrong_date"]
