from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from okrbridge.cli.lint_places import lints_of
from okrbridge.definitions.loader import load
from okrbridge.demo.definitions import example_folder, lay_out, lay_out_for_intake, running_cycle
from okrbridge.demo.errors import DemoError
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import Commitment
from okrbridge.domain.measures import (
    CsvMeasure,
    EventMeasure,
    IncidentMeasure,
    ManualMeasure,
    PromqlMeasure,
    SloMeasure,
    SqlMeasure,
)
from okrbridge.domain.objectives import InitiativeState
from okrbridge.sources.simulated.source import SimulatedSource

NOW = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "start"),
    [
        # 45 days before 21 November: 21 in November and 24 of October's 31, so 7 October.
        (NOW, date(2026, 10, 7)),
        (datetime(2026, 11, 22, 0, 0, tzinfo=UTC), date(2026, 10, 8)),
        (datetime(2026, 11, 22, 23, 59, tzinfo=UTC), date(2026, 10, 8)),
    ],
)
def test_the_cycle_began_45_days_ago_lasts_13_weeks_and_is_in_the_seventh(now: datetime, start: date):
    assert running_cycle(now) == (start, start + timedelta(days=91))
    assert (now - datetime.combine(start, time(), UTC)) // timedelta(weeks=1) + 1 == 7


@pytest.fixture
def laid_out(tmp_path: Path) -> DefinitionSet:
    lay_out(example_folder(), tmp_path / "config", NOW)
    return load([tmp_path / "config"]).definitions


def test_the_laid_out_example_loads_with_its_cycle_running_now(laid_out: DefinitionSet):
    original = load([example_folder()]).definitions
    (cycle,) = laid_out.cycles
    assert cycle.name == original.cycles[0].name
    assert cycle.interval.start == datetime(2026, 10, 7, tzinfo=UTC)
    assert cycle.interval.end == datetime(2027, 1, 6, tzinfo=UTC)
    assert [slo.name for slo in laid_out.slos] == [slo.name for slo in original.slos]
    assert {one.id for one in original.key_results} < {one.id for one in laid_out.key_results}


def test_the_demo_shows_what_okrs_can_be(laid_out: DefinitionSet):
    kinds = {one.kind for one in laid_out.key_results}
    assert {"countPerPeriod", "relative", "share", "composite", "errorBudget", "threshold"} <= {*map(str, kinds)}
    measures = {type(one.measure) for one in laid_out.key_results}
    wanted = {SloMeasure, PromqlMeasure, IncidentMeasure, EventMeasure, CsvMeasure, SqlMeasure, ManualMeasure}
    assert wanted <= measures
    assert any(one.guards for one in laid_out.key_results)
    assert any(one.baseline_from for one in laid_out.key_results)
    assert Commitment.ASPIRATIONAL in {one.commitment for one in laid_out.key_results}
    assert [one.state for one in laid_out.initiatives] == [InitiativeState.STOPPED, InitiativeState.ACTIVE]
    assert [one.name for one in laid_out.indicators] == ["api-uptime", "deployments"]


def test_teams_objectives_contribute_to_the_company_s(laid_out: DefinitionSet):
    parents = {one.name: one.parent for one in laid_out.objectives}
    assert [name for name, parent in parents.items() if not parent] == ["trusted-shop"]
    assert {parent for parent in parents.values() if parent} == {"trusted-shop"}
    assert len({one.team for one in laid_out.objectives}) == 4


def test_what_is_laid_out_is_clean_when_judged_strictly(tmp_path: Path):
    lay_out(example_folder(), tmp_path / "config", NOW)
    loaded = load([tmp_path / "config"])
    assert loaded.warnings + lints_of(loaded.definitions) == ()


def test_nothing_is_evaluated_while_the_demo_tells_what_happened(tmp_path: Path):
    lay_out_for_intake(example_folder(), tmp_path / "intake")
    definitions = load([tmp_path / "intake"]).definitions
    assert (definitions.slos, definitions.key_results) == ((), ())


def test_the_simulated_source_knows_every_query(laid_out: DefinitionSet):
    source = SimulatedSource()
    queries = [query for sli in laid_out.slis for query in (sli.part, sli.total)]
    queries += [one.measure.query for one in laid_out.key_results if isinstance(one.measure, PromqlMeasure)]
    assert [failure for query in queries if (failure := source.check_query(query))] == []


def test_an_unreadable_example_is_named(tmp_path: Path):
    (tmp_path / "example").mkdir()
    (tmp_path / "example" / "cycle.yaml").write_text("kind: [Cycle")
    with pytest.raises(DemoError, match=r"example.*cannot be used"):
        lay_out(tmp_path / "example", tmp_path / "config", NOW)
