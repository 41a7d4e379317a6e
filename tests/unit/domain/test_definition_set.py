from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.domain.okr_examples import DUE, HALF_WAY, MEASURE, START, definitions, key_result

from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import BaselineFromHistory, KeyResult
from okrbridge.domain.measures import IncidentMeasure, IndicatorMeasure, SloMeasure
from okrbridge.domain.objectives import Indicator
from okrbridge.domain.sli import Member, Sli, SliKind
from okrbridge.domain.slo import Slo
from okrbridge.domain.units import RATIO
from okrbridge.domain.windows import CalendarUnit, CalendarWindow, Interval, RollingWindow

API = Sli(name="api", source="prometheus", total="t", bad="b")
WEB = Sli(name="web", source="prometheus", total="w", bad="b")
THREE_DAYS = timedelta(days=3)


def slo(name: str, sli: Sli, days: int = 30) -> Slo:
    return Slo(name=name, service="api", sli=sli, target_ratio=0.999, window=RollingWindow(timedelta(days=days)))


def follower(slo_name: str = "api", *, over: timedelta | None = None, period: Interval | None = None) -> KeyResult:
    measure = SloMeasure(slo_name, over=RollingWindow(over) if over else None)
    return key_result(measure=measure, period=period or Interval(START, DUE))


def needed(*key_results: KeyResult, at: datetime, slos: tuple[Slo, ...] = (slo("api", API),), **changes: datetime):
    return definitions(*key_results, slos=slos, **changes).history_needed(API, at, THREE_DAYS)


def test_slos_with_equal_questions_share_one_sli():
    renamed = Sli(name="api-again", source="prometheus", total="t", bad="b")
    declared = DefinitionSet(slos=(slo("api", API), slo("api-99", renamed), slo("web", WEB)))
    assert [sli.key for sli in declared.slis] == [API.key, WEB.key]


def test_objects_are_found_by_name_and_key_results_keep_their_order():
    first, second = key_result(name="b"), key_result(name="a")
    declared = definitions(first, second, slos=(slo("api", API),))
    assert declared.key_results == (first, second)
    assert [one.id for one in declared.key_results] == ["grow/b", "grow/a"]
    assert declared.slo_by_name["api"].sli is API
    assert declared.cycle_by_name["2026-q1"].interval.end == DUE
    assert declared.objective_by_name["grow"].owner == "maria"


def test_history_reaches_back_over_the_longest_window_of_the_sli():
    slos = (slo("api", API, days=28), slo("api-90", API, days=90), slo("web", WEB, days=365))
    assert needed(at=DUE, slos=slos) == DUE - timedelta(days=90)


def test_history_reaches_at_least_over_the_burn_windows():
    assert needed(at=DUE, slos=(slo("api", API, days=1),)) == DUE - THREE_DAYS


def test_history_reaches_back_to_the_beginning_of_a_calendar_period():
    window = CalendarWindow(CalendarUnit.QUARTER, "UTC", datetime(2026, 1, 1))  # noqa: DTZ001 - a wall clock
    quarterly = Slo(name="api", service="api", sli=API, target_ratio=0.999, window=window)
    # At the turn the whole quarter that ends is asked for, a day later only that day, so the burn windows decide.
    assert needed(at=datetime(2026, 4, 1, tzinfo=UTC), slos=(quarterly,)) == datetime(2026, 1, 1, tzinfo=UTC)
    assert needed(at=datetime(2026, 4, 2, tzinfo=UTC), slos=(quarterly,)) == datetime(2026, 3, 30, tzinfo=UTC)


def test_the_members_of_a_composite_are_counted_as_far_back_as_its_window():
    both = Sli("both", "", "", kind=SliKind.COMPOSITE, members=(Member(API, 0.9), Member(WEB, 0.9)))
    slos = (slo("both", both, days=90), slo("web", WEB))
    assert [each.key for each in DefinitionSet(slos=slos).slis] == [API.key, WEB.key]
    assert needed(at=DUE, slos=slos) == DUE - timedelta(days=90)


@pytest.mark.parametrize(
    ("at", "since"),
    [
        (START - timedelta(days=1), START - timedelta(days=31)),  # not started: the SLO's 30 days
        (HALF_WAY, START),  # 45 days of the period, more than the 30
        (DUE, START),  # the last evaluation speaks of the whole period
        (DUE + timedelta(days=20), START),  # measured until 1 May
        (DUE + timedelta(days=31), DUE + timedelta(days=1)),  # measuring has ended
    ],
)
def test_history_reaches_back_over_the_period_of_a_key_result_while_it_is_measured(at, since):
    assert needed(follower(), at=at, measure_until=DUE + timedelta(days=30)) == since


def test_history_reaches_back_over_a_key_results_own_window():
    assert needed(follower(over=timedelta(days=90)), at=HALF_WAY) == HALF_WAY - timedelta(days=90)


def test_a_key_result_with_a_short_window_does_not_ask_for_its_whole_period():
    assert needed(follower(over=timedelta(days=7)), at=HALF_WAY) == HALF_WAY - timedelta(days=30)


@pytest.mark.parametrize("measure", [MEASURE, IncidentMeasure(), SloMeasure("web")])
def test_key_results_measured_otherwise_ask_for_no_history(measure):
    slos = (slo("api", API), slo("web", WEB))
    assert needed(key_result(measure=measure), at=HALF_WAY, slos=slos) == HALF_WAY - timedelta(days=30)


@pytest.mark.parametrize(("over", "days"), [(None, 30), (timedelta(days=90), 90)])
def test_history_reaches_back_over_the_window_of_an_indicator(over: timedelta | None, days: int):
    measure = SloMeasure("api", over=RollingWindow(over) if over else None)
    uptime = Indicator("uptime", "Uptime", IncidentMeasure(), RATIO, also=(measure,))
    declared = replace(definitions(slos=(slo("api", API, days=7),)), indicators=(uptime,))
    assert declared.history_needed(API, DUE, THREE_DAYS) == DUE - timedelta(days=days)


def test_history_reaches_back_over_a_baseline_that_is_measured_by_an_indicator():
    uptime = Indicator("uptime", "Uptime", SloMeasure("api"), RATIO)
    one = key_result(
        measure=IndicatorMeasure("uptime", RATIO), baseline=None, baseline_from=BaselineFromHistory(timedelta(days=60))
    )
    declared = replace(definitions(one, slos=(slo("api", API, days=7),)), indicators=(uptime,))
    assert declared.history_needed(API, HALF_WAY, THREE_DAYS) == START - timedelta(days=60)


def test_ten_thousand_slis_are_indexed_and_not_searched_for_each():
    # Searching every SLO for every SLI would be 10^8 comparisons; indexed it is a fraction of a second.
    slis = [Sli(name=str(number), source="prometheus", total=f"t{number}", bad="b") for number in range(10_000)]
    declared = definitions(slos=tuple(slo(sli.name, sli) for sli in slis))
    assert {declared.history_needed(sli, DUE, THREE_DAYS) for sli in declared.slis} == {DUE - timedelta(days=30)}
