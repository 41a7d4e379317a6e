"""Counters whose clients tell when each series was created, on real servers whose history is written by hand.

Slices are a minute long; times are seconds after START, a boundary; scrapes come every 15 s at :10, :25, :40, :55.
"""

from collections.abc import Iterator, Sequence

import pytest
from tests.integration.prometheus.scraped import START, History, Target, asking, bad_and_total, carrying, merged
from tests.integration.prometheus.test_exact_counting import BEFORE, QUARTERS
from tests.servers.prometheus import PrometheusServer
from tests.servers.victoria_metrics import VictoriaMetricsServer

from okrbridge.sources.prometheus.carry.carrying import Carry

pytestmark = pytest.mark.integration

LONG_AGO = -7200.0
OLD = list(range(-1190, 240, 15))
"""Scrapes from twenty minutes before START on."""


def created(target: Target, at: Sequence[float], **births: float) -> History:
    """When the counters by code were created, in seconds after START, as scraped at some times."""
    labels = f'job="{target.job}",instance="{target.instance}"{target.more}'
    return {
        f'http_requests_created{{{labels},code="{code.lstrip("_")}"}}': [(START + t, START + birth) for t in at]
        for code, birth in births.items()
    }


def without_process(history: History) -> History:
    return {name: points for name, points in history.items() if not name.startswith("process_start")}


def steady(job: str) -> History:
    """A pod that is in view all the time and counts nothing, so that all slices are measured."""
    return Target(job, "steady").scraped(OLD, _200=[5] * len(OLD))


def faster_than_a_scrape() -> History:
    # Started anew at second 30, past the old value at second 40, and no process start tells: 10, then 130 and 10 more.
    target = Target("faster")
    scrapes = BEFORE + QUARTERS[:4]
    counted = target.scraped(scrapes, _200=[100] * 4 + [110, 110, 130, 140])
    born = merged(created(target, scrapes[:6], _200=LONG_AGO), created(target, scrapes[6:], _200=30))
    return without_process(merged(counted, born))


def same_value_after_a_wavering_creation() -> History:
    # A creation that wavers by a second is no reset: 10 in all.
    target = Target("wavers")
    scrapes = BEFORE + QUARTERS[:4]
    counted = target.scraped(scrapes, _200=[100] * 6 + [105, 110])
    born = merged(created(target, scrapes[:6], _200=-3), created(target, scrapes[6:], _200=-2))
    return without_process(merged(counted, born))


def cleared_in_a_living_process() -> History:
    # The process lives on and makes the series anew at second 20: 3 before that is gone, 5 afterwards are new.
    target = Target("cleared")
    scrapes = BEFORE + QUARTERS[:4]
    counted = target.scraped(scrapes, _200=[50] * 8, _500=[3] * 5 + [3, 5, 5])
    born = merged(created(target, scrapes[:6], _500=LONG_AGO), created(target, scrapes[6:], _500=20))
    return merged(counted, born)


def joins_with_old_and_young_series() -> History:
    # A target of two hours is scraped from second 70 on: 9000 are old; the first error was created at second 65.
    target = Target("joins", started=LONG_AGO)
    scrapes = QUARTERS[4:]
    counted = target.scraped(scrapes, _200=[9000] * len(scrapes), _500=[4] * len(scrapes))
    born = created(target, scrapes, _200=LONG_AGO + 600, _500=65)
    return merged(steady("joins"), counted, born)


def relabelled_with_a_young_series() -> History:
    # The error of second 25 is counted once, though the target has another name from second 70 on.
    before, after = Target("relabelled", "old-name"), Target("relabelled", "new-name")
    scrapes = BEFORE + QUARTERS[:4]
    first = before.scraped(scrapes, _200=[100] * 8, _500=[None] * 5 + [2, 2, 2])
    second = after.scraped(QUARTERS[4:], _200=[100] * 8, _500=[2] * 8)
    born = [created(one, at, _200=LONG_AGO + 600, _500=20) for one, at in ((before, scrapes), (after, QUARTERS[4:]))]
    return merged(first, second, *born)


def no_longer_dropped() -> History:
    # The server dropped code 503 until second 60: its 700 events are those of two hours.
    target = Target("dropped")
    shown = [None] * OLD.index(70) + [700] * (len(OLD) - OLD.index(70))
    counted = target.scraped(OLD, _200=[5] * len(OLD), _503=shown)
    return merged(counted, created(target, OLD[OLD.index(70) :], _503=LONG_AGO))


def told_the_start_of_the_process() -> History:
    # Every series is told the start of the process, two hours ago: the late error of second 70 is a birth all the same.
    target = Target("process-wide", started=LONG_AGO)
    shown = [None] * OLD.index(70) + [6] * (len(OLD) - OLD.index(70))
    counted = target.scraped(OLD, _200=[5] * len(OLD), _500=shown)
    return merged(counted, created(target, OLD, _200=LONG_AGO + 3), created(target, OLD[-8:], _500=LONG_AGO + 3))


def error_while_not_scraped() -> History:
    # The target was not scraped for ten minutes; meanwhile its first errors happened, 8 of 20 events.
    target = Target("unreachable")
    scrapes = [at for at in OLD if at < -600 or at > 10]
    gone = [at for at in OLD if -600 <= at <= 10]
    late = [at for at in scrapes if at > 10]
    values = [100 if at < -600 else 112 for at in scrapes]
    counted = target.scraped(scrapes, down=gone, _200=values, _500=[None if at < -600 else 8 for at in scrapes])
    return merged(steady("unreachable"), counted, created(target, late, _500=-400))


CASES = (
    faster_than_a_scrape,
    same_value_after_a_wavering_creation,
    cleared_in_a_living_process,
    joins_with_old_and_young_series,
    relabelled_with_a_young_series,
    no_longer_dropped,
    told_the_start_of_the_process,
    error_while_not_scraped,
)
EXPECTED = {
    "faster": [(0, 150), (0, 0)],
    "wavers": [(0, 10), (0, 0)],
    "cleared": [(5, 5), (0, 0)],
    "joins": [(0, 0), (4, 4)],
    "relabelled": [(2, 2), (0, 0)],
    "dropped": [(0, 0), (0, 0)],
    "process-wide": [(0, 0), (6, 6)],
    "unreachable": [(8, 20), (0, 0)],
}


def history() -> History:
    return merged(*(case() for case in CASES))


@pytest.fixture(scope="module", params=["prometheus", "victoria-metrics"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("created")
    if request.param == "prometheus":
        prometheus = PrometheusServer(folder)
        prometheus.backfill(history())
        with prometheus:
            yield prometheus.url
        return
    with VictoriaMetricsServer(folder) as victoria:
        victoria.load(history())
        yield victoria.url


@pytest.fixture
def carry(url: str) -> Iterator[Carry]:
    with carrying(url) as carry:
        yield carry


@pytest.mark.parametrize("job", EXPECTED)
def test_increases_equal_the_truth(carry: Carry, job):
    assert bad_and_total(carry.count(asking(job, start=0, end=120))) == EXPECTED[job]


@pytest.mark.parametrize("job", EXPECTED)
def test_ticks_equal_the_truth(carry: Carry, job):
    found = []
    for start in (-60, 0, 60):
        found += bad_and_total(carry.count(asking(job, start=start, end=start + 60, measured_until=start)))
    assert found[1:] == EXPECTED[job]


def test_chunks_filled_newest_first_equal_one(carry: Carry):
    for job, expected in EXPECTED.items():
        newer = carry.count(asking(job, start=60, end=120))
        assert bad_and_total(newer) == expected[1:], job
        assert bad_and_total(carry.count(asking(job, start=0, end=60))) == expected[:1], job
