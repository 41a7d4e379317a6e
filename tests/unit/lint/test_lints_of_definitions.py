"""Lints of key results, objectives, teams, and of what stands together."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.domain.corpus import ROWS
from tests.unit.domain.okr_examples import DUE, PERIOD, definitions, from_to, key_result, threshold

from okrbridge.domain.cycles import Cycle
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import (
    IndicatorTiming,
    KeyResult,
    KeyResultKind,
    KeyResultState,
    MetricDefinition,
    Operator,
    Visibility,
)
from okrbridge.domain.lint.checking import lint
from okrbridge.domain.lint.findings import LintFinding, Severity
from okrbridge.domain.lint.key_results import lint_key_result
from okrbridge.domain.measures import EventMeasure, NoMeasure
from okrbridge.domain.objectives import Indicator, OkrObjective, Team, TeamLevel
from okrbridge.domain.units import PLAIN

CYCLE = Cycle("2026-q1", PERIOD, "UTC", "weekly", DUE)
GUARD = threshold(Operator.LE, 5.0, name="failures", title="Failed deployments", owner="ben")


def objective(name: str, *key_results: KeyResult, **changes: Any) -> OkrObjective:
    """An objective with its key results, a guard beside them."""
    held = tuple(replace(one, objective=name) for one in (*key_results, GUARD))
    fields: dict[str, Any] = {"title": "Grow", "cycle": CYCLE.name, "team": "backend", "owner": "maria"}
    return OkrObjective(**{"name": name, "key_results": held} | fields | changes)


def a_set(*objectives: OkrObjective, **changes: Any) -> DefinitionSet:
    return DefinitionSet(cycles=(CYCLE,), objectives=objectives, **changes)


def codes(declared: DefinitionSet, subject: str, noise: dict[str, float] | None = None) -> set[str]:
    """What is said of a subject, beside the advice that all of these examples could take."""
    advice = {"definition_incomplete", "no_owner"}
    return {one.code for one in lint(declared, noise) if one.subject == subject} - advice


def of_one(one: KeyResult, noise: float | None = None) -> dict[str, LintFinding]:
    return {found.code: found for found in lint_key_result(one, noise)}


def test_r3_a_way_without_a_start_has_no_baseline():
    found = of_one(ROWS["K26"].declared(title="Latency to 200 ms"))["no_baseline"]
    assert found.severity is Severity.ERROR
    assert "baseline: {over: 90d}" in found.message


@pytest.mark.parametrize("row", ["K4", "K8", "K40"])
def test_r3_thresholds_shares_and_what_is_maintained_need_none(row: str):
    assert "no_baseline" not in of_one(ROWS[row].declared())


def test_r4_an_incomplete_definition_tells_what_is_missing():
    partly = MetricDefinition(counted="requests", excluded="health checks", source_note="Prometheus")
    found = of_one(key_result(definition=partly))["definition_incomplete"]
    assert found.message == "the definition of its metric is 3/4 complete: contributionNote missing"
    assert found.severity is Severity.WARNING
    assert of_one(key_result())["definition_incomplete"].severity is Severity.HINT


def test_r6_a_title_that_goes_against_its_numbers_is_an_error():
    found = of_one(from_to("12", "4", title="Increase the number of partners"))["direction_conflict"]
    assert found.severity is Severity.ERROR
    assert "says 'increase' and the numbers go down" in found.message
    assert "direction_conflict" not in of_one(from_to("12", "4", title="Reduce the number of partners"))


def test_r7_a_key_result_without_an_owner_is_listed():
    assert of_one(key_result())["no_owner"].severity is Severity.HINT
    assert "no_owner" not in of_one(key_result(owner="amina"))


def test_r8_a_team_without_champion_has_no_local_point_of_contact():
    declared = a_set(teams=(Team("backend"), Team("shop", champion="jo"), Team("me", level=TeamLevel.INDIVIDUAL)))
    assert [(one.subject, one.message) for one in lint(declared)] == [
        ("team:backend", "has no local point of contact for OKRs; name one with champion")
    ]


@pytest.mark.parametrize(
    ("timings", "is_told"),
    [((IndicatorTiming.LAGGING,), True), ((IndicatorTiming.LAGGING, IndicatorTiming.LEADING), False), ((None,), False)],
)
def test_r30_lagging_key_results_want_a_leading_one(timings: tuple[IndicatorTiming | None, ...], *, is_told: bool):
    held = [key_result(name=f"kr{index}", timing=timing) for index, timing in enumerate(timings)]
    assert ("no_leading_indicator" in codes(a_set(objective("grow", *held)), "objective:grow")) is is_told


def test_r31_a_proxy_without_a_note_is_flagged():
    assert "proxy_without_note" in of_one(key_result(timing=IndicatorTiming.PROXY))
    assert "proxy_without_note" not in of_one(key_result(timing=IndicatorTiming.PROXY, proxy_note="r = 0.8 in 2025"))


def test_r57_an_objective_that_serves_nothing_is_an_orphan_where_there_is_something_above():
    company, aligned = objective("company", team="firm"), objective("aligned", parent="company")
    alone = objective("alone", team="shop")
    declared = a_set(company, aligned, alone)
    assert codes(declared, "objective:alone") == {"too_few_key_results", "orphan_objective"}
    assert "orphan_objective" not in codes(declared, "objective:aligned") | codes(declared, "objective:company")
    assert "orphan_objective" not in codes(a_set(alone), "objective:alone")


def test_r57_a_company_objective_without_children_makes_orphans_too():
    declared = a_set(objective("company", team="firm"), objective("alone"))
    level = Team("firm", level=TeamLevel.ORGANIZATION, champion="jo")
    assert "orphan_objective" in codes(replace(declared, teams=(level,)), "objective:alone")


def test_r59_root_objectives_say_how_they_serve_the_north_star():
    star = Indicator("trips", "Trips", NoMeasure(), PLAIN, is_north_star=True)
    declared = a_set(
        objective("a"), objective("b", serves="Faster trips"), objective("c", parent="a"), indicators=(star,)
    )
    told = [one.subject for one in lint(declared) if one.code == "north_star_not_served"]
    assert told == ["objective:a"]


def change_key_results(service: str = "api") -> tuple[KeyResult, KeyResult]:
    by_event = EventMeasure("deploy", {"service": "api"})
    return (
        from_to("2", "5", name="often", title="Deployments a week", measure=by_event),
        from_to(
            "40", "20", name="calm", title="Volume of changes", measure=replace(by_event, where={"service": service})
        ),
    )


def test_r61_raising_deployments_and_cutting_changes_of_one_service_conflict():
    often, calm = change_key_results()
    declared = a_set(objective("a", often), objective("b", calm, team="shop"))
    assert "possible_conflict" in codes(declared, "a/often")


def test_r169_a_conflict_with_a_restricted_key_result_is_told_of_that_one_alone():
    often, calm = change_key_results()
    declared = a_set(objective("a", often), objective("b", replace(calm, visibility=Visibility.RESTRICTED)))
    assert [one.subject for one in lint(declared) if one.code == "possible_conflict"] == ["b/calm"]


def test_r61_two_services_or_a_guard_between_them_are_no_conflict():
    often, calm = change_key_results(service="search")
    assert "possible_conflict" not in codes(a_set(objective("a", often), objective("b", calm)), "a/often")
    often, calm = change_key_results()
    guarded = objective("a", replace(often, guards=("b/calm",)))
    assert "possible_conflict" not in codes(a_set(guarded, objective("b", calm)), "a/often")


def test_r61_failed_deployments_that_fall_do_not_conflict_with_more_deployments():
    often, _ = change_key_results()
    fewer = from_to("9%", "4%", name="failed", title="Failed deployments")
    assert "possible_conflict" not in codes(a_set(objective("a", often, fewer)), "a/often")


def test_r61_one_query_wanted_up_and_down_is_a_conflict():
    up, down = from_to("1", "2", name="up", title="Load"), from_to("2", "1", name="down", title="Load")
    assert "possible_conflict" in codes(a_set(objective("a", up), objective("b", down, team="shop")), "a/up")


def test_r62_teams_that_own_together_want_a_lead():
    shared = objective("grow", owner="backend", co_owners=("shop",))
    shop = objective("sell", team="shop")
    assert "co_owners_without_lead" in codes(a_set(shared, shop), "objective:grow")
    assert "co_owners_without_lead" not in codes(a_set(replace(shared, owner="maria"), shop), "objective:grow")
    led = (Team("backend", lead="maria", champion="jo"),)
    assert "co_owners_without_lead" not in codes(a_set(shared, shop, teams=led), "objective:grow")


def test_r160_a_single_number_without_a_guard_is_told_that_it_can_be_gamed():
    alone = definitions(key_result())
    assert "unguarded_metric" in codes(alone, "grow/signups")
    assert "unguarded_metric" not in codes(definitions(key_result(guards=("grow/x",))), "grow/signups")
    assert "unguarded_metric" not in codes(a_set(objective("grow", key_result())), "grow/signups")


@pytest.mark.parametrize(
    ("row", "noise", "is_told"),
    [
        ("K77", 8.0, True),  # 400 -> 390 ms: a change of 10, noise 1.4826 x 8 = 11.9
        ("K77", 6.0, False),  # 1.4826 x 6 = 8.9
        ("K78", None, True),  # 0.25 % is below 1 %, where no history tells better
        ("K78", 0.001, False),  # 2.000 -> 1.995 s: a change of 0.005, noise 0.0015
        ("K77", None, False),  # 2.5 %
        ("K1", None, False),  # 99.2 -> 99.95 % is not relative
    ],
)
def test_r162_a_target_within_the_noise_of_its_baseline_is_flagged(row: str, noise: float | None, *, is_told: bool):
    assert ("target_within_noise" in of_one(ROWS[row].resolved(), noise)) is is_told


@pytest.mark.parametrize(
    ("count", "severity"), [(3, None), (4, Severity.WARNING), (5, Severity.WARNING), (6, Severity.ERROR)]
)
def test_r166_more_than_three_objectives_are_a_warning_more_than_five_an_error(count: int, severity: Severity | None):
    declared = a_set(*(objective(f"o{index}") for index in range(count)))
    found = [one for one in lint(declared) if one.code == "too_many_objectives"]
    assert [one.severity for one in found] == ([] if severity is None else [severity])
    assert all(one.subject == "team:backend" for one in found)


@pytest.mark.parametrize(
    ("count", "told"),
    [(1, {"too_few_key_results"}), (2, set()), (5, set()), (6, {"too_many_key_results"})],
)
def test_r166_two_to_five_key_results_are_right(count: int, told: set[str]):
    held = [key_result(name=f"kr{index}") for index in range(count - 1)]  # the guard is one more
    assert codes(a_set(objective("grow", *held)), "objective:grow") == told


def test_r170_a_promise_to_customers_wants_a_key_result_that_they_notice():
    internal = objective("grow", from_to("25min", "8min", title="Duration of the build pipeline"), customer_facing=True)
    assert "no_customer_key_result" in codes(a_set(internal), "objective:grow")
    noticed = objective("grow", from_to("4.2s", "1.5s", title="Load time of a page"), customer_facing=True)
    assert "no_customer_key_result" not in codes(a_set(noticed), "objective:grow")


def test_a_project_as_an_objective_is_a_task():
    assert "task_not_outcome" in codes(a_set(objective("grow", title="Launch the new shop")), "objective:grow")


@pytest.mark.parametrize("state", [KeyResultState.DROPPED, KeyResultState.CLOSED, KeyResultState.POSTPONED])
def test_what_is_out_of_the_race_is_left_alone(state: KeyResultState):
    out = key_result(title="Launch onboarding emails", state=state)
    assert "task_not_outcome" not in codes(definitions(out), "grow/signups")


@pytest.mark.parametrize(
    "row", [one for one in ROWS.values() if one.kind and one.id not in {"K26", "K78"}], ids=lambda r: r.id
)
def test_good_key_results_of_the_corpus_have_sound_numbers(row: Any):
    found = {one.code for one in lint_key_result(row.resolved())} - {"definition_incomplete", "no_owner"}
    assert found == set()


def test_a_direction_that_is_not_known_yet_is_no_conflict():
    waiting = key_result(kind=KeyResultKind.RELATIVE, baseline=None, target=None, title="Reduce toil")
    assert "direction_conflict" not in of_one(waiting)
