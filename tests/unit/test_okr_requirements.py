"""What the OKR side promises and no test beside its code tells: docs/reference/requirements.md has the whole list."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.fakes.definitions import CYCLE, START, key_result, slo
from tests.fakes.okr_world import GRID, World, event, world
from tests.fakes.scripted_source import ScriptedSource
from tests.unit.api.fakes import services
from tests.unit.definitions.samples import SLO, changed, loaded

from okrbridge.api.app import create_app
from okrbridge.application.explaining.explain import Explaining
from okrbridge.application.reports import key_result_item
from okrbridge.application.snapshot import Snapshot
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult
from okrbridge.domain.measures import EventMeasure, PromqlMeasure
from okrbridge.domain.objectives import OkrObjective
from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.slo import SloState
from okrbridge.domain.units import PLAIN
from okrbridge.domain.windows import RollingWindow, epoch_seconds

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MIDDLE = START + 45 * DAY
"""Half of the cycle."""


def activation(**changes: Any) -> KeyResult:
    """From 0 to 100, by a query."""
    return key_result("one", PromqlMeasure("activation", "prometheus", PLAIN), unit=PLAIN, **{
        "baseline": 0.0, "target": 100.0, **changes
    })  # fmt: skip


def asked(snapshot: Snapshot, path: str) -> Any:
    """What the API answers to anybody."""
    with TestClient(create_app(services(snapshot=snapshot))) as client:
        return client.get(f"/api/v1{path}").json()


def test_r13_a_promise_to_customers_stands_beside_the_target_of_ones_own_under_its_own_name():
    own_and_promised = "objectives: [{target: 0.999, displayName: SLO}, {target: 0.995, displayName: SLA}]"
    declared = loaded(changed(SLO, "objectives: [{target: 0.999}]", own_and_promised)).definitions
    snapshot = World(declared).tick(MIDDLE)
    assert [(one["slo"], one["display_name"], one["target_ratio"]) for one in asked(snapshot, "/slos")["items"]] == [
        ("api-availability", "SLO", 0.999),
        ("api-availability-0.995", "SLA", 0.995),
    ]


def test_r14_a_quarter_of_91_days_at_99_9_percent_may_be_down_for_131_04_minutes():
    declared = DefinitionSet(slos=(slo(target=0.999, days=91),))
    now = World(declared)
    explained = Explaining(now.tick(MIDDLE), declared, now.storage, GRID, now.clock()).slo("api-availability")
    allowed = {one["name"]: one["value"] for one in explained["formulas"]}["allowed_downtime_seconds"]
    assert allowed == pytest.approx(131.04 * 60)  # 0.001 x 91 x 1440


def test_r33_progress_follows_the_telemetry_at_every_tick_without_a_check_in():
    now = world(activation())
    rows = []
    for minute, value in enumerate((20.0, 30.0, 50.0)):
        now.source.readings["activation"] = value
        report = now.report(MIDDLE + minute * MINUTE)
        rows.append((report.progress.value, report.progress.progress_ratio, report.outlook.check_ins.latest))
    assert rows == [(20, 0.2, None), (30, 0.3, None), (50, 0.5, None)]


def test_r38_a_stretch_is_shown_beside_the_target_and_asks_for_nothing():
    now = world(activation(stretch=150.0))
    now.source.readings["activation"] = 100.0
    item = key_result_item(now.report(MIDDLE), now.clock())
    assert (item["target"], item["stretch"]) == (100, 150)
    assert (item["progress_ratio"], item["status"]) == (1, KeyResultStatus.ACHIEVED)


@pytest.mark.parametrize(("bad_minutes", "state"), [(2, SloState.OK), (60, SloState.BURNING)])
def test_r55_a_spike_of_two_minutes_burns_the_short_window_and_not_the_long_one(bad_minutes, state):
    spike = range(epoch_seconds(MIDDLE - bad_minutes * MINUTE), epoch_seconds(MIDDLE))
    declared = DefinitionSet(slos=(slo(target=0.99),))
    now = World(declared, ScriptedSource(lambda _sli, start: (5.0, 10.0) if start in spike else (10.0, 10.0)))
    (report,) = now.tick(MIDDLE).slos
    # Half of the requests fail: a burn of 50. 2 / 5 x 50 = 20 over 5 minutes is above 14.4, 2 / 60 x 50 = 1.67 over an
    # hour is not; after an hour both are 50.
    assert report.burn_rates["5m"] == pytest.approx(min(1, bad_minutes / 5) * 50)
    assert report.burn_rates["1h"] == pytest.approx(bad_minutes / 60 * 50)
    assert report.state is state


def test_r60_a_parent_shows_what_each_of_three_teams_contributes():
    parent = OkrObjective("company", "Grow", CYCLE.name, "board", "ines", ())
    shares = {"shop": (50.0, 0.8), "search": (30.0, 0.5), "mail": (20.0, 0.1)}
    children = tuple(
        OkrObjective(
            team, team, CYCLE.name, team, team,
            (replace(activation(), objective=team, measure=PromqlMeasure(team, "prometheus", PLAIN)),),
            parent="company", weight=weight,
        )
        for team, (weight, _) in shares.items()
    )  # fmt: skip
    now = world(objectives=(parent, *children))
    now.source.readings |= {team: 100 * progress for team, (_, progress) in shares.items()}
    (shown,) = asked(now.tick(MIDDLE), "/objectives/tree")["items"]
    assert {one["team"]: (one["weight"], one["progress_ratio"]) for one in shown["children"]} == shares
    # (50 x 0.8 + 30 x 0.5 + 20 x 0.1) / 100
    assert shown["progress_ratio"] == pytest.approx(0.57)


def test_an_objective_that_answers_a_key_result_is_part_of_the_objective_of_that_key_result():
    now = world(activation())
    child_key_result = replace(activation(), name="two", objective="child")
    child = OkrObjective(
        "child", "Help", CYCLE.name, "web", "jo", (child_key_result,), parent_key_result="reliable/one"
    )
    now = World(replace(now.definitions, objectives=(*now.definitions.objectives, child)))
    now.source.readings["activation"] = 50.0
    snapshot = now.tick(MIDDLE)
    assert snapshot.objective_by_name["reliable"].contributing == ("child",)
    (top,) = asked(snapshot, "/objectives/tree")["items"]
    assert [one["objective"] for one in top["children"]] == ["child"]


def test_r159_trivial_deploys_are_told_from_real_ones_and_both_are_counted():
    def deploys(name: str, **where: str) -> KeyResult:
        measure = EventMeasure("deploy", where=where, over=RollingWindow(7 * DAY))
        return replace(activation(), name=name, measure=measure)

    now = world(deploys("all"), deploys("real", size="real"))
    sizes = ["trivial"] * 6 + ["real"] * 4
    now.happen(*(event("deploy", MIDDLE - HOUR, n, attributes={"size": size}) for n, size in enumerate(sizes)))
    assert [now.report(MIDDLE, name).progress.value for name in ("all", "real")] == [10, 4]
