"""The demo's plot holds whenever it is started: on every weekday, at every hour."""

import numpy as np
import pytest

from okrbridge.sources.simulated.fleet import Fleet, TrueCounts
from okrbridge.sources.simulated.schedule import DAY, MINUTE
from okrbridge.sources.simulated.source import fleet_around
from okrbridge.sources.simulated.story import PLOTS

# One week, each day at another hour: 2026-11-16 to 2026-11-22, from 00:40 in steps of a day and 3 h 20 min.
ANCHORS = [1_794_789_600 + day * (DAY + 12_000) for day in range(7)]
TARGETS = {"api": 0.999, "search": 0.995, "payments": 0.9995}


@pytest.fixture(scope="module", params=ANCHORS)
def fleet(request: pytest.FixtureRequest) -> Fleet:
    return fleet_around(request.param)


def _last(fleet: Fleet, service: str, seconds: int) -> TrueCounts:
    end = fleet.story.anchor // MINUTE * MINUTE
    return fleet.true_counts(service, end - seconds, end)


def _consumed(fleet: Fleet, service: str) -> float:
    month = _last(fleet, service, 30 * DAY)
    return month.failed / month.requests / (1 - TARGETS[service])


def _slow(counts: TrueCounts) -> float:
    return 1 - counts.by_bound["0.25"] / counts.requests


def test_the_api_has_spent_more_than_half_of_its_budget_and_burns(fleet: Fleet):
    assert 0.5 < _consumed(fleet, "api") < 0.75
    hour = _last(fleet, "api", 3600)
    assert hour.failed / hour.requests > 2 * 0.001
    five_minutes = _last(fleet, "api", 300)
    assert five_minutes.failed / five_minutes.requests < 0.001


def test_search_and_payments_fail_seldom(fleet: Fleet):
    assert _consumed(fleet, "search") < 0.4
    assert _consumed(fleet, "payments") < 0.5
    assert _last(fleet, "payments", 7 * DAY).failed / _last(fleet, "payments", 7 * DAY).requests < 0.002


def test_search_has_been_slow_for_three_days_and_still_has_budget(fleet: Fleet):
    # The SLO allows 1 % slower than 250 ms; burning for three days and for six hours is the 1x ticket.
    assert 0.5 < _slow(_last(fleet, "search", 30 * DAY)) / 0.01 < 1
    assert _slow(_last(fleet, "search", 3 * DAY)) > 0.015
    assert _slow(_last(fleet, "search", 6 * 3600)) > 0.015


def test_the_slow_tail_of_the_api_shrinks_over_the_weeks(fleet: Fleet):
    end = fleet.story.anchor
    weeks = [fleet.true_counts("api", end - (week + 1) * 7 * DAY, end - week * 7 * DAY) for week in (3, 2, 1, 0)]
    slower_than_a_second = [1 - week.by_bound["1.0"] / week.requests for week in weeks]
    assert slower_than_a_second == sorted(slower_than_a_second, reverse=True)


def test_days_are_busier_than_nights_and_weekends_quieter_than_weekdays(fleet: Fleet):
    monday = 1_793_577_600  # 2026-11-02 00:00 UTC
    noon, night = (np.array([monday + hour * 3600]) for hour in (14, 2))
    saturday_noon = noon + 5 * DAY
    load = fleet.story.requests
    assert load("api", noon)[0] > 2 * load("api", night)[0]
    assert load("api", saturday_noon)[0] < 0.75 * load("api", noon)[0]


def test_bursts_last_twenty_to_forty_minutes_and_go_on_after_the_anchor(fleet: Fleet):
    anchor = fleet.story.anchor
    bursts = list(fleet.story.bursts("api", anchor - 28 * DAY, anchor + 28 * DAY))
    assert all(20 * MINUTE <= end - start <= 40 * MINUTE for start, end, _ in bursts)
    past = [one for one in bursts if one[1] <= anchor]
    # One every second day is 14 in four weeks; the anchor's own hours and the edges may take two away.
    assert 12 <= len(past) <= 16
    assert sum(start > anchor for start, _, _ in bursts) >= 12


def test_shares_are_shares():
    for plot in PLOTS.values():
        for tail in (plot.slow_then, plot.slow_now, plot.slow_lately or plot.slow_now):
            assert list(tail) == sorted(tail, reverse=True)
            assert len(tail) == 6
            assert 0 < tail[-1] < tail[0] < 1
