"""All SLOs at once, from a ledger whose counts are known, by hand."""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.definitions import API, slo
from tests.fakes.scripted_source import ScriptedSource, steady

from okrbridge.application.event_counters import EventCounters
from okrbridge.application.ports import Ledger
from okrbridge.application.slo_details import CountingOutcome
from okrbridge.application.slo_evaluation import SloEvaluation
from okrbridge.application.slo_reports import SloReports
from okrbridge.domain.alerting import exceeded_pairs, exceeding, pair_factors, pairs_of
from okrbridge.domain.burn_rate import BURN_WINDOWS, burn_rate
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.error_budget import budget_ratio, consumed_ratio
from okrbridge.domain.ledger import SliceState, SliceTable
from okrbridge.domain.maintenance import MaintenanceWindow
from okrbridge.domain.slo import Budgeting, LowTraffic, Slo, SloState, TimeSlices
from okrbridge.domain.windows import CalendarUnit, CalendarWindow, Grid, Interval, RollingWindow, epoch_seconds
from okrbridge.storage.memory import MemoryStorage

GRID = Grid(timedelta(minutes=1))
AT = datetime(2026, 2, 15, tzinfo=UTC)
DAY = timedelta(days=1)
OTHER = dataclasses.replace(API, name="other", total="other_total")


class AskedSource(ScriptedSource):
    """Notes for which SLIs it was asked to show a query."""

    def __init__(self) -> None:
        super().__init__(steady(9.0, 10.0))
        self.shown: list[str] = []

    def counting_query(self, sli) -> str:
        self.shown.append(sli.name)
        return super().counting_query(sli)


def minutes(back: timedelta, good: float, total: float, state: SliceState = SliceState.MEASURED) -> SliceTable:
    """Equal slices of a minute that end at AT."""
    starts = np.arange(epoch_seconds(AT - back), epoch_seconds(AT), 60)
    shape = (1, len(starts))
    return SliceTable(starts, np.full(shape, good), np.full(shape, total), np.full(shape, state.value, dtype=np.int8))


def evaluated(
    slos: Sequence[Slo],
    table: SliceTable,
    *,
    failures: Sequence[str] = (),
    maintenance: tuple[MaintenanceWindow, ...] = (),
    source: ScriptedSource | None = None,
) -> SloReports:
    """The reports of SLOs whose SLIs all have the same slices."""
    storage = MemoryStorage(GRID)
    definitions = DefinitionSet(slos=tuple(slos), maintenance=maintenance)
    evaluation = SloEvaluation(definitions, GRID, {"prometheus": source or AskedSource()})
    outcomes = {key: CountingOutcome("unreachable: refused") for key in failures}
    keys = [one.sli.key for one in slos]
    rows = {key: row for row, key in enumerate(dict.fromkeys(keys))}
    live = EventCounters(rows, np.full(len(rows), 9.0), np.full(len(rows), 1.0))
    with storage.transaction() as database:
        for sli in definitions.slis:
            database.ledger.write([sli], "prometheus", table)
        ledger: Ledger = database.ledger
        return evaluation.reports(ledger, AT, outcomes=outcomes, events=live)


def monthly(**changes: Any) -> Slo:
    """A calendar month from 1 February 00:00 to 1 March: on the 15th 14 of 28 days have passed."""
    start = datetime(2026, 1, 1)  # noqa: DTZ001 - a wall clock without a zone
    return dataclasses.replace(slo(target=0.9), window=CalendarWindow(CalendarUnit.MONTH, "UTC", start), **changes)


def test_slos_with_different_windows_and_targets_have_their_own_numbers():
    slos = [slo("short", days=1, target=0.9), slo("long", days=2, target=0.99), slo("other", sli=OTHER, days=1)]
    short, long, other = evaluated(slos, minutes(2 * DAY, 95.0, 100.0))

    # a day has 1440 slices of 100 events, 5 of them bad: 5 % of 10 % and of 1 % and of 0.1 % allowed
    assert (short.counts.total, long.counts.total, other.counts.total) == (144_000.0, 288_000.0, 144_000.0)
    consumed = [one.budget_consumed_ratio for one in (short, long, other)]
    assert consumed == pytest.approx([0.5, 5.0, 50.0])
    assert short.budget_remaining_ratio == pytest.approx(0.5)
    assert short.burn_rates["1h"] == pytest.approx(0.5)
    assert short.error_ratios["3d"] == pytest.approx(0.05)
    assert [one.state for one in (short, long, other)] == [SloState.OK, SloState.EXHAUSTED, SloState.EXHAUSTED]


@pytest.mark.parametrize(
    ("table", "failures", "state"),
    [
        (minutes(DAY, 100.0, 100.0), (), SloState.OK),
        (minutes(DAY, 100.0, 100.0), (API.key,), SloState.ERROR),
        (minutes(DAY, 101.0, 100.0), (), SloState.INVALID),
        (minutes(DAY, 0.0, 0.0), (), SloState.NO_TRAFFIC),
        (minutes(DAY, 0.0, 0.0, SliceState.GAP), (), SloState.NO_DATA),
        (minutes(DAY, 50.0, 100.0), (), SloState.EXHAUSTED),
        # an hour must not speak for a day: 50 % bad of 10 % allowed burns at 5, above 0.02 x 7 x 24 = 3.36 of 7 days
        (minutes(timedelta(hours=1), 50.0, 100.0), (), SloState.BURNING),
    ],
)
def test_every_state_is_found(table: SliceTable, failures: Sequence[str], state: SloState):
    [report] = evaluated([slo(days=7, target=0.9)], table, failures=failures)
    # a day of seven is measured, unless the table is shorter
    if state is SloState.EXHAUSTED:
        [report] = evaluated([slo(days=1, target=0.9)], table)

    assert report.state is state


def test_a_source_is_asked_for_a_query_only_when_a_report_is():
    source = AskedSource()
    reports = evaluated([slo(), slo("other", sli=OTHER)], minutes(DAY, 9.0, 10.0), source=source)
    assert len(reports) == 2
    assert "other" in reports.by_name
    assert source.shown == []

    report = reports.by_name["other"]

    assert source.shown == ["other"]
    assert report.details.query == f"{OTHER.part} of {OTHER.total}"


def test_reports_are_a_sequence_and_can_be_selected():
    reports = evaluated([slo("b"), slo("a", sli=OTHER)], minutes(DAY, 9.0, 10.0), failures=[OTHER.key])

    assert [one.slo.name for one in reports] == ["b", "a"]
    assert [one.slo.name for one in reports[:1]] == ["b"]
    assert reports[-1].slo.name == "a"
    assert list(reports.by_name) == ["b", "a"]
    assert reports.select(states=[SloState.ERROR]) == [1]
    assert reports.select(service="api") == [0, 1]
    assert reports.select(service="web") == []
    with pytest.raises(IndexError):
        reports[2]


def test_a_calendar_window_is_judged_against_the_whole_periods_budget():
    [report] = evaluated([monthly()], minutes(14 * DAY, 96.0, 100.0))

    # 14 of 28 days: 0.5 x 4 % / 10 % = 0.2; even spending would be at 0.5
    assert report.budget_consumed_ratio == pytest.approx(0.2)
    assert report.budget_expected_ratio == 0.5
    # 0.8 x 28 days / 0.4 = 56 days outlast the period
    assert report.budget_exhausted_at is None


def test_the_end_of_a_calendar_budget_is_projected_at_the_burn_rate_of_the_last_day():
    [report] = evaluated([monthly()], minutes(14 * DAY, 88.0, 100.0))

    # burns at 1.2: 0.5 x 1.2 = 0.6 is spent, the rest of 0.4 lasts 0.4 x 28 / 1.2 = 9.333 days = 224 hours
    assert report.budget_consumed_ratio == pytest.approx(0.6)
    assert report.budget_exhausted_at is not None
    assert (report.budget_exhausted_at - AT) / timedelta(hours=1) == pytest.approx(224.0)


def test_a_calendar_window_of_time_slices_knows_the_periods_slices():
    slices = TimeSlices(timedelta(minutes=1), 0.95)
    [report] = evaluated([monthly(budgeting=Budgeting.TIMESLICES, time_slices=slices)], minutes(2 * DAY, 90.0, 100.0))

    # 2880 bad minutes of 0.1 x 40 320 minutes of February
    assert report.budget_consumed_ratio == pytest.approx(2880 / 4032)


def test_a_budget_that_is_a_number_needs_no_share():
    most = dataclasses.replace(slo(days=1), target_ratio=1.0, count_budget=7200.0)
    [report] = evaluated([most], minutes(DAY, 98.0, 100.0))

    # 2880 bad of at most 7200 are 0.4; an hour has 120 bad: 120 / 7200 x 24 = 0.4
    assert report.budget_consumed_ratio == pytest.approx(0.4)
    assert report.burn_rates["1h"] == pytest.approx(0.4)
    assert report.state is SloState.OK


def test_a_pair_whose_long_window_has_a_hole_is_frozen_and_does_not_burn():
    # 45 of 60 minutes are below 0.9; 50 % bad of 0.1 % allowed burn at 500
    [report] = evaluated([slo()], minutes(timedelta(minutes=45), 50.0, 100.0))

    assert report.burn_rates["1h"] == pytest.approx(500.0)
    assert report.state is SloState.OK
    assert report.details.alerts_frozen == "less than 0.9 of the last 1h, 6h, 1d, 3d is measured"


def test_maintenance_freezes_alerts_and_excludes_its_time():
    hour = Interval(AT - timedelta(hours=1), AT + timedelta(hours=1))
    window = MaintenanceWindow("db-upgrade", once=(hour,))
    reports = evaluated([slo(days=1)], minutes(DAY, 95.0, 100.0), maintenance=(window,))
    [report] = reports

    assert report.details.alerts_frozen == "maintenance db-upgrade is active"
    assert report.excluded == timedelta(hours=1)
    # 23 hours of 60 slices of 100 events
    assert report.counts.total == 138_000.0
    assert report.counts.coverage_ratio == 1.0
    assert reports.columns.alerts_frozen.tolist() == [True]


@pytest.mark.parametrize(
    ("guard", "held", "state"),
    [
        (LowTraffic(), None, SloState.BURNING),
        # an hour has 6000 events, 3000 of them bad; a pair needs them in its own long window
        (LowTraffic(minimum_events=6000), False, SloState.BURNING),
        (LowTraffic(minimum_events=1e9), True, SloState.OK),
        (LowTraffic(minimum_failures=1e9), True, SloState.OK),
    ],
)
def test_low_traffic_holds_a_pair_back(guard: LowTraffic, held: object, state: SloState):
    guarded = dataclasses.replace(slo(target=0.9, days=7), low_traffic=guard)
    [report] = evaluated([guarded], minutes(timedelta(hours=6), 50.0, 100.0))

    assert (report.details.is_low_traffic, report.state) == (held, state)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([1.0, 7.0, 28.0, 30.0, 90.0]),
            st.sampled_from([0.9, 0.99, 0.995, 0.999]),
            st.lists(st.floats(0.0, 60.0), min_size=len(BURN_WINDOWS), max_size=len(BURN_WINDOWS)),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_arrays_of_pairs_say_the_same_as_one_slo_at_a_time(drawn: list[tuple[float, float, list[float]]]):
    slos = [slo(days=days, target=target) for days, target, _ in drawn]
    burns = np.array([row for _, _, row in drawn])

    together = exceeding(burns, pair_factors([pairs_of(one) for one in slos])).any(axis=1)

    alone = [
        bool(exceeded_pairs(pairs_of(one), dict(zip(BURN_WINDOWS, row, strict=True))))
        for one, row in zip(slos, burns.tolist(), strict=True)
    ]
    assert together.tolist() == alone


@given(st.lists(st.tuples(st.floats(0, 1e6), st.sampled_from([0.5, 0.9, 0.999, 0.9995])), min_size=1, max_size=6))
def test_arrays_of_budgets_say_the_same_as_one_number_at_a_time(drawn: list[tuple[float, float]]):
    bad, targets = (np.array(column) for column in zip(*drawn, strict=True))
    total = np.full_like(bad, 1e6)

    assert consumed_ratio(bad, total, targets).tolist() == [consumed_ratio(one, 1e6, target) for one, target in drawn]
    assert burn_rate(bad, total, targets).tolist() == [burn_rate(one, 1e6, target) for one, target in drawn]
    assert budget_ratio(targets).tolist() == [budget_ratio(target) for _, target in drawn]


def test_no_slo_is_no_report():
    assert len(evaluated([], minutes(DAY, 1.0, 1.0))) == 0


def test_a_rolling_window_expects_nothing():
    [report] = evaluated([dataclasses.replace(slo(), window=RollingWindow(DAY))], minutes(DAY, 1.0, 1.0))

    assert (report.budget_expected_ratio, report.budget_exhausted_at) == (None, None)
