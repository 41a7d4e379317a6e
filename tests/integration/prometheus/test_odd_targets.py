"""Pushing down where a plain sum is wrong: odd targets are counted by carry, and by the server where they are too many.

Slices are a minute long; times are seconds after START; scrapes come every 15 s at :10, :25, :40, :55.
"""

from collections.abc import Iterator

import pytest
from tests.integration.prometheus.scraped import (
    History,
    Target,
    asking,
    bad_and_total,
    between,
    carrying,
    every,
    merged,
    pushing_down,
)
from tests.servers.prometheus import PrometheusServer

from okrbridge.application.ports import CountRequest
from okrbridge.domain.sli import Sli
from okrbridge.sources.prometheus.push_down.push_down import PushDown

pytestmark = pytest.mark.integration

SCRAPES = every(15, first=-50, count=16)  # the slice before the first, and three slices
REPLICA = "prometheus_replica"
AGAIN = "counters were reset more than once in a slice"


def several_resets() -> History:
    # 200: 100 | 110 5 3 20 | 21 …: 10 + 5 + 3 + 17 = 35. 500: 7 | 9 1 9 2 | 2 …: 2 + 1 + 8 + 2 = 13.
    return Target("several").scraped(
        SCRAPES,
        _200=[100] * 4 + [110, 5, 3, 20] + [21, 22, 23, 25] + [25] * 4,
        _500=[7] * 4 + [9, 1, 9, 2] + [2] * 8,
    )


def passing_its_peak() -> History:
    # 500: 40 | 40 40 5 95: 5 + 90, though 95 is only 55 above 40.
    return Target("peak").scraped(SCRAPES, _200=[1000] * 16, _500=[40] * 4 + [40, 40, 5, 95] + [95] * 8)


def fractions() -> History:
    # Seconds spent, not events: 0.1 a scrape, with a reset to 0.1 at the third scrape of the first slice.
    levels = [round(0.1 * n, 1) for n in (7, 8, 9, 10, 11, 12, 1, 2, *range(3, 11))]
    return Target("fractions").scraped(SCRAPES, _200=levels)


def crowd() -> History:
    """Eight pods: one that only counts, and seven of which each is reset twice in the first slice."""
    steady = Target("crowd", "pod-0").scraped(SCRAPES, _200=[*range(100, 116)])
    pods = [Target("crowd", f"pod-{n}").scraped(SCRAPES, _200=[50] * 4 + [60, 5, 70, 5] + [5] * 8) for n in range(1, 8)]
    return merged(steady, *pods)


def one_after_the_other() -> History:
    """Six pods; two are reset twice in the first slice, two others in the next, and the last two in the third."""
    pods = []
    for n in range(6):
        levels: list[float] = [50] * 4
        for number in range(3):
            levels += [60, 5, 70, 5] if number == n // 2 else [levels[-1]] * 4
        pods.append(Target("turns", f"pod-{n}").scraped(SCRAPES, _200=levels))
    return merged(*pods)


def pair_of_replicas() -> History:
    # One request at each scrape of a; b sees what happened seven seconds later. The counter is reset at second 65.
    a = Target("pair", more=f',{REPLICA}="a"').scraped(SCRAPES, _200=[*range(97, 105), 1, 2, 3, 4, 5, 6, 7, 8])
    b = Target("pair", more=f',{REPLICA}="b"').scraped(
        [t + 7 for t in SCRAPES[:-1]], _200=[*range(97, 105), 1, 2, 3, 4, 5, 6, 7]
    )
    return merged(a, b)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    server = PrometheusServer(tmp_path_factory.mktemp("odd"))
    made = (several_resets, passing_its_peak, fractions, crowd, one_after_the_other, pair_of_replicas)
    server.backfill(merged(*(history() for history in made)))
    with server:
        yield server


@pytest.fixture(scope="module")
def source(server: PrometheusServer) -> Iterator[PushDown]:
    with pushing_down(server.url, replica_labels=(REPLICA, "__replica__")) as source:
        yield source


EXPECTED = {
    "several": [(13, 48), (0, 5), (0, 0)],
    "peak": [(95, 95), (0, 0), (0, 0)],
    # Each of the seven: 10 + 5 + 65 + 5 = 85; the steady one 4 a slice.
    "crowd": [(0, 599), (0, 4), (0, 4)],
    "turns": [(0, 170), (0, 170), (0, 170)],
    # 104 is known at second 55, and seen once more by b at 62; the four after the reset are new.
    "pair": [(0, 4), (0, 4), (0, 4)],
}


@pytest.mark.parametrize("job", EXPECTED)
def test_odd_slices_equal_the_truth_derived_by_hand(source: PushDown, job):
    counted = source.count(asking(job, start=0, end=180, measured_until=0))
    assert bad_and_total(counted) == EXPECTED[job]
    assert not counted.warnings


@pytest.mark.parametrize("job", EXPECTED)
def test_slices_asked_one_by_one_equal_the_truth_too(source: PushDown, job):
    found = [source.count(asking(job, start=at, end=at + 60, measured_until=at)) for at in (0, 60, 120)]
    assert [bad_and_total(one)[0] for one in found] == EXPECTED[job]


def test_fractions_are_counted_as_carry_counts_them(server: PrometheusServer, source: PushDown):
    request = asking("fractions", start=0, end=180, measured_until=0)
    with carrying(server.url) as carry:
        carried = carry.count(request).table
    pushed = source.count(request)
    # 1.0 | 1.1 1.2 0.1 0.2 is 0.4.
    assert pushed.table.total[0].tolist() == pytest.approx([0.4, 0.4, 0.4])
    assert pushed.table.total[0].tolist() == pytest.approx(carried.total[0].tolist())
    assert not pushed.failures


def test_too_many_odd_series_are_left_to_the_server_and_a_warning_tells_what_it_may_lack(server: PrometheusServer):
    # Part and total are counted apart: "several" needs 1 series for errors, and 2 for all, "crowd" 7 or 8.
    request = asking("several", "crowd", "peak", start=0, end=180, measured_until=0)
    with pushing_down(server.url, most_odd=6) as source:
        counted = source.count(request)
    assert [bad_and_total(counted, row) for row in (0, 2)] == [EXPECTED["several"], EXPECTED["peak"]]
    assert sorted(counted.warnings) == [1]
    assert counted.warnings[1][0].startswith(AGAIN)
    # The least that is certain: 5 after the last reset, and 70 - 50 before it.
    [first, *others] = bad_and_total(counted, 1)
    assert first == (0, 4 + 7 * 25)
    assert others == [(0, 4), (0, 4)]


def test_many_odd_series_are_read_in_as_many_pieces_as_it_takes(server: PrometheusServer):
    # All six pods are odd somewhere, two in each slice.
    with pushing_down(server.url, most_odd=3) as source:
        counted = source.count(asking("turns", start=0, end=180, measured_until=0))
    assert bad_and_total(counted) == EXPECTED["turns"]
    assert not counted.warnings


def test_the_server_itself_counts_copies_of_a_series_once(server: PrometheusServer):
    with pushing_down(server.url, most_odd=0, replica_labels=(REPLICA,)) as source:
        counted = source.count(asking("pair", start=0, end=180, measured_until=0))
    assert bad_and_total(counted) == EXPECTED["pair"]


def test_a_selector_that_names_just_the_odd_instances_is_counted_beside_one_that_does_not(source: PushDown):
    selector = 'http_requests_total{job="crowd"'
    instances = "|".join(rf"pod\\-{n}" for n in range(1, 8))
    slis = [
        Sli(name, "prom", good=total, total=total)
        for name, total in (("all", f"{selector}}}"), ("odd", f'{selector},instance=~"{instances}"}}'))
    ]
    counted = source.count(CountRequest(tuple(slis), between(0, 60), between(0, 60).start))
    assert counted.table.total.tolist() == [[599], [595]]
