"""What an incident spends of a budget, for each kind of budget and window."""

import dataclasses
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.definitions import START, budget, slo, uptime
from tests.fakes.okr_world import GRID, event, world
from tests.unit.api.snapshots import CHECKOUT, CYCLE, MONTHLY, UPTIME

from okrbridge.application.incidents.impact import Impact
from okrbridge.application.incidents.impact_on_slos import Spent, budget_share, count_spent, slo_of, spent_item
from okrbridge.application.incidents.incident import Incidents
from okrbridge.application.slo_counts import SloCounts
from okrbridge.application.visibility import EVERYTHING
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.ledger import Slices, SliceState, SliceTable, WindowCounts
from okrbridge.domain.measures import IndicatorMeasure, SloMeasure
from okrbridge.domain.objectives import Indicator
from okrbridge.domain.sli import Sli
from okrbridge.domain.slo import Budgeting, Slo, TimeSlices
from okrbridge.domain.units import RATIO
from okrbridge.domain.windows import Interval, epoch_seconds
from okrbridge.storage.memory import MemoryStorage

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
FEBRUARY = CYCLE.interval.start + 31 * DAY
MIDDLE = FEBRUARY + 14 * DAY
COUNTED = dataclasses.replace(CHECKOUT, count_budget=5.0)
BY_MINUTE = dataclasses.replace(
    MONTHLY, name="by-minute", budgeting=Budgeting.TIMESLICES, time_slices=TimeSlices(MINUTE, 0.99)
)


BAD_FROM, BAD_UNTIL = START + 30 * DAY - 20 * MINUTE, START + 30 * DAY


def bad_at_the_end(_sli: Sli, start: int) -> tuple[float, float]:
    """1000 requests a minute, of which 5 fail; all of them in the last 20 minutes of the first 30 days."""
    is_bad = epoch_seconds(BAD_FROM) <= start < epoch_seconds(BAD_UNTIL)
    return (0.0 if is_bad else 995.0), 1000.0


def test_r155_key_results_that_were_evaluated_before_and_after_20_bad_minutes_differ_by_them():
    made = world(uptime(), budget(), slos=(slo(),))
    made.source.script = bad_at_the_end
    made.filled(BAD_FROM)
    made.tick(BAD_UNTIL)
    made.happen(event("incident", BAD_FROM, service="api", end=BAD_UNTIL))
    now = BAD_UNTIL + MINUTE
    with made.storage.reading() as database:
        incident = Incidents(database.events, EVERYTHING, now).find("incident-0")
        item = Impact(database, made.definitions, EVERYTHING, GRID, incident, now).item()
    by_name = {one["key_result"]: one for one in item["key_results"]}

    # 20,000 failed; of the 43,200,000 requests of 30 days 43,200 may.
    assert item["slos"][0]["budget_spent_ratio"] == pytest.approx(20_000 / 43_200)
    # Uptime was 0.995 and loses 0.995 of 20 of 43,200 minutes; from 0.992 to 0.9995 are 0.0075.
    assert by_name["uptime"]["value_delta"] == pytest.approx(-0.995 * 20 / 43_200)
    assert by_name["uptime"]["progress_delta_ratio"] == pytest.approx(-0.995 * 20 / 43_200 / 0.0075)
    # The key result's period is 90 days of 129,600 minutes: 129,600 may fail.
    assert by_name["budget"]["value_delta"] == pytest.approx(20_000 / 129_600)


def counts(good: float, total: float, length: timedelta) -> WindowCounts:
    return WindowCounts(good, total, length, length)


def spent(slo: Slo, bad: float, own: WindowCounts) -> Spent:
    """All of an incident inside the window."""
    window = Interval(MIDDLE - own.in_force, MIDDLE)
    during = counts(0.0, bad, 20 * MINUTE)
    return Spent(slo, "service", during, during, window, own)


@pytest.mark.parametrize(
    ("slo", "bad", "own", "expected"),
    [
        # 0.001 of 43,200,000 are 43,200.
        (CHECKOUT, 20_000.0, counts(43_180_000.0, 43_200_000.0, 30 * DAY), 20_000 / 43_200),
        # Other failures of the window are none of the incident's.
        (CHECKOUT, 20_000.0, counts(43_100_000.0, 43_200_000.0, 30 * DAY), 20_000 / 43_200),
        (COUNTED, 2.0, counts(90.0, 100.0, 30 * DAY), 0.4),
        # Half of February: 0.5 x (10 / 4000) / 0.01.
        (MONTHLY, 10.0, counts(3_985.0, 4_000.0, 14 * DAY), 0.125),
        # 28 days are 40,320 minutes, of which 403.2 may be bad.
        (BY_MINUTE, 20.0, counts(20_130.0, 20_160.0, 14 * DAY), 20 / 403.2),
    ],
)
def test_the_share_is_that_of_the_budget_with_these_bad_events_alone(
    slo: Slo, bad: float, own: WindowCounts, expected: float
):
    item = spent_item(spent(slo, bad, own))

    assert item["budget_spent_ratio"] == pytest.approx(expected)
    written, _, value = item["formula"]["numbers"].partition(" = ")
    assert eval(written.replace("x", "*")) == pytest.approx(float(value))  # noqa: S307 - arithmetic of our own
    assert item["formula"]["value"] == item["budget_spent_ratio"]


@pytest.mark.parametrize("slo", [CHECKOUT, COUNTED, MONTHLY, BY_MINUTE], ids=lambda slo: slo.name)
@given(first=st.integers(0, 1000), second=st.integers(0, 1000), rest=st.integers(0, 10_000))
def test_shares_of_several_incidents_add_up(slo: Slo, first: int, second: int, rest: int):
    own = counts(float(rest), float(first + second + rest + 1), 14 * DAY)
    window = Interval(FEBRUARY, MIDDLE)
    each = [budget_share(slo, float(bad), own, window) for bad in (first, second, first + second)]

    assert each[0] + each[1] == pytest.approx(each[2], abs=1e-9)


def test_of_an_incident_over_the_turn_of_a_calendar_window_the_part_inside_it_spends():
    storage, start = MemoryStorage(GRID), FEBRUARY - 10 * MINUTE
    bad = Slices.of([(epoch_seconds(start) + 60 * place, 0.0, 10.0, SliceState.MEASURED) for place in range(20)])
    with storage.transaction() as database:
        database.ledger.write([MONTHLY.sli], "prometheus", SliceTable.of_one(bad))
    with storage.reading() as database:
        source = SloCounts(database.ledger, GRID)
        (found,) = count_spent(source, GRID, [(MONTHLY, "slo")], Interval(start, start + 20 * MINUTE))

    assert (found.counts.bad, found.inside.bad, found.window.start) == (200.0, 100.0, FEBRUARY)
    # 10 of 40,320 minutes have passed and everything failed, of which 0.01 may.
    assert found.spent_ratio == pytest.approx(10 / 40_320 / 0.01)


def test_a_number_of_failures_burns_by_the_time_it_takes():
    # 1 of 5 in 20 minutes of 30 days: 0.2 x 43,200 / 20.
    assert spent_item(spent(COUNTED, 1.0, counts(99.0, 100.0, 30 * DAY)))["burn_rate"] == pytest.approx(432)


def test_counts_that_contradict_each_other_say_nothing():
    item = spent_item(spent(CHECKOUT, -5.0, counts(10.0, 10.0, DAY)))

    assert (item["bad"], item["budget_spent_ratio"], item["contributed"], item["formula"]) == (None, None, None, None)


def test_an_slo_measures_a_key_result_itself_or_by_its_indicator():
    latency = Indicator("latency", "Latency", SloMeasure("search-latency"), RATIO)
    definitions = DefinitionSet(indicators=(latency,))
    by_indicator = dataclasses.replace(UPTIME, measure=IndicatorMeasure("latency"))

    assert [slo_of(one, definitions) for one in (UPTIME, by_indicator)] == ["checkout-availability", "search-latency"]
