"""Gaps in the history of a real Prometheus: what is not measured, and what is counted when counters come back.

Slices are a minute long; times are seconds after START, a boundary.
"""

from collections.abc import Iterator

import pytest
from tests.integration.prometheus.scraped import History, Target, asking, bad_and_total, every, merged, pushing_down
from tests.servers.prometheus import PrometheusServer

from okrbridge.sources.prometheus.push_down.push_down import PushDown

pytestmark = pytest.mark.integration

EARLY = every(15, first=-50, count=8)  # up to 55
LATE = [1215, 1230, 1245, 1260]
GAP = [None] * 15
"""The last sample is at 55, so the slices that end at 60 … 300 are live; those that end at 360 … 1200 are not."""


def counters_stay_alive() -> History:
    return Target("alive").scraped(EARLY + LATE, _200=[100] * 8 + [400, 400, 401, 402], _500=[10] * 8 + [35] * 4)


def restarted_in_the_gap() -> History:
    # 500 shows 20 requests after 100: they are new. The process is new too, so its first errors count.
    before = Target("restarted").scraped(EARLY, _200=[100] * 8)
    after = Target("restarted", started=900).scraped(LATE, _200=[20, 20, 20, 21], _500=[3, 3, 3, 3])
    return merged(before, after)


def replaced_in_the_gap() -> History:
    # Another pod, started inside the gap: all it shows is new. A third pod is older than the gap: nothing is known.
    before = Target("replaced", "a").scraped(EARLY, _200=[100] * 8)
    after = Target("replaced", "b", started=600).scraped(LATE, _200=[70, 70, 70, 71])
    old = Target("replaced", "c", started=-5000).scraped(LATE, _200=[9000, 9000, 9000, 9002])
    return merged(before, after, old)


def short_gap() -> History:
    # Nothing between 55 and 325: the slice that ends at 360 is the first with a sample, its look-back reaches 55.
    return Target("short").scraped([*EARLY, 325, 340], _200=[100] * 8 + [190, 191])


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PushDown]:
    server = PrometheusServer(tmp_path_factory.mktemp("gaps"))
    server.backfill(merged(counters_stay_alive(), restarted_in_the_gap(), replaced_in_the_gap(), short_gap()))
    with server, pushing_down(server.url) as source:
        yield source


@pytest.mark.parametrize(
    ("job", "first_after"),
    [
        # 200: 401 at 1245, and 1260 is on the boundary, so 402: 302. 500: 35 - 10.
        ("alive", (25, 327)),
        ("restarted", (3, 24)),
        # 71 of the new pod, and 2 that the old one counted after its first sample.
        ("replaced", (0, 73)),
    ],
)
def test_the_first_slice_after_a_gap_holds_what_happened_in_it(source: PushDown, job, first_after):
    counted = source.count(asking(job, start=0, end=1260))
    assert bad_and_total(counted) == [(0, 0)] * 5 + GAP + [first_after]


def test_a_gap_before_the_request_is_bridged_when_its_end_is_known(source: PushDown):
    counted = source.count(asking("alive", start=1200, end=1260, measured_until=300))
    assert bad_and_total(counted) == [(25, 327)]


def test_a_request_inside_the_gap_bridges_it_too(source: PushDown):
    counted = source.count(asking("alive", start=600, end=1260, measured_until=300))
    assert bad_and_total(counted) == [None] * 10 + [(25, 327)]


def test_with_nothing_measured_before_known_series_are_bridged_and_births_are_not(source: PushDown):
    # The series of "alive" were known: 327 as above. Pod b of "replaced" started within the gap: its first value may
    # have been counted before; 1 more within the slice, and 2 of pod c.
    assert bad_and_total(source.count(asking("alive", start=1200, end=1260))) == [(25, 327)]
    assert bad_and_total(source.count(asking("replaced", start=1200, end=1260))) == [(0, 3)]


def test_a_gap_shorter_than_the_look_back_needs_no_second_question(source: PushDown):
    # 191 - 100, of which nothing in the five slices without a sample.
    counted = source.count(asking("short", start=0, end=360))
    assert bad_and_total(counted) == [(0, 0)] * 5 + [(0, 91)]


def test_an_unknown_counter_is_a_gap_and_no_failure(source: PushDown):
    counted = source.count(asking("nobody", start=0, end=120))
    assert bad_and_total(counted) == [None, None]
