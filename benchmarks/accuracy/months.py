"""The scenarios of a month, scraped once a minute: night and day, ten idle minutes, a month filled afterwards."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from benchmarks.accuracy.scenarios import DAY, END, HOUR, MINUTE, Scenario, simulated
from benchmarks.accuracy.services import Scraper, Span, Target
from benchmarks.accuracy.traffic import Load, Rate, Simulation

DAYS_OF_A_MONTH = 30
_SCRAPER = Scraper(interval=60.0)


def _seconds(month: Simulation) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(int(month.simulated.start), int(month.simulated.end))


def _pair(month: Simulation, good: Rate, bad: Rate) -> list[Target]:
    load = Load(good=good, bad=bad, carried=(987_654, 321))
    return [month.target(f"pod-{n}", [month.process(load)], interval=60.0) for n in range(2)]


def _uneven(name: str) -> Scenario:
    """Twelve hours a day at 6,000 requests a minute, twelve at 6; one hour of a night fails as a whole.

    Days bring 30 * 720 * 6,000 = 129.6 million requests, of which 129,700 may fail: 360 are 0.28 % of the budget.
    """
    month = _month(name)
    second = _seconds(month)
    of_day = second % DAY
    is_night = (of_day < 7 * HOUR) | (of_day >= 19 * HOUR)
    # Each of the two pods takes half of the requests.
    rate = np.where(is_night, 3.0, 3_000.0) / 60
    night = END - 9 * DAY - 10 * HOUR
    outage = (second >= night) & (second < night + HOUR)
    targets = _pair(month, np.where(outage, 0.0, rate), np.where(outage, rate, 0.0))
    return Scenario(name, "one hour out at night, 6 and 6,000 requests a minute, 30 d", targets, [_SCRAPER], days=30)


def _idle(name: str) -> Scenario:
    month = _month(name)
    second = _seconds(month)
    # Longer by the five minutes that a rate looks back, so that ten minutes without any rate remain.
    is_idle = (second >= END - 12 * DAY) & (second < END - 12 * DAY + 15 * MINUTE)
    targets = _pair(month, np.where(is_idle, 0.0, 0.5), np.where(is_idle, 0.0, 0.001))
    return Scenario(name, "ten idle minutes in 30 d", targets, [_SCRAPER], days=30)


def _filled(name: str) -> Scenario:
    month = _month(name)
    load = Load(good=0.5, bad=0.002, is_hidden=True)
    targets = []
    for slot in range(3):
        edges = [month.simulated.start + 0.37, *month.instants(40, month.simulated), month.simulated.end + 0.37]
        for number, (begin, end) in enumerate(itertools.pairwise(edges)):
            if end - begin > 10 * MINUTE:
                process = month.process(load, begin, end)
                listed = Span(begin, end)
                targets.append(month.target(f"pod-{slot}-{number}", [process], listed, interval=60.0))
    return Scenario(name, "a month filled afterwards, three pods replaced daily", targets, [_SCRAPER], days=30)


def _month(name: str) -> Simulation:
    return Simulation(name, simulated(DAYS_OF_A_MONTH))


MONTHS: dict[str, Callable[[str], Scenario]] = {
    "uneven-traffic": _uneven,
    "idle-stretch": _idle,
    "backfilled-month": _filled,
}
