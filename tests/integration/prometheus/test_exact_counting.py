"""Every case of exactness, on a real Prometheus whose history is written by hand.

Slices are a minute long; times are seconds after START, a boundary; scrapes come every 15 s at :10, :25, :40, :55
unless a case says otherwise.
"""

from collections.abc import Iterator

import pytest
from tests.integration.prometheus.scraped import (
    START,
    History,
    Target,
    asking,
    bad_and_total,
    between,
    every,
    merged,
    pushing_down,
)
from tests.servers.prometheus import PrometheusServer

from okrbridge.application.ports import CountRequest
from okrbridge.domain.sli import Sli
from okrbridge.sources.prometheus.batches import Bounds
from okrbridge.sources.prometheus.push_down.push_down import PushDown

pytestmark = pytest.mark.integration

QUARTERS = every(15, first=10, count=12)  # three slices: 10…55, 70…115, 130…175
BEFORE = every(15, first=-50, count=4)  # the slice before the first


def on_the_boundary() -> History:
    return Target("boundary").scraped([0, 60, 120, 180], _200=[100, 110, 130, 130], _500=[1, 1, 3, 4])


def reset_inside_a_slice() -> History:
    # 500 goes 6 | 7 9 1 2 | 2 2 2 2: (9 - 6) before the restart, 2 after it.
    # 200 goes 100 | 110 130 4 9 | 9 9 9 9: (130 - 100) + 9.
    return Target("reset").scraped(
        BEFORE + QUARTERS[:8],
        _200=[40, 60, 80, 100, 110, 130, 4, 9, 9, 9, 9, 9],
        _500=[6, 6, 6, 6, 7, 9, 1, 2, 2, 2, 2, 2],
    )


def reset_between_slices() -> History:
    # 200: 100 | 5 8 8 12: all 12 are new. 500: 3 | 1 2 4 5: 1 is below 3, so all 5 are new, though 5 is above 3.
    return Target("reset-between").scraped(
        BEFORE + QUARTERS[:4], _200=[100, 100, 100, 100, 5, 8, 8, 12], _500=[3, 3, 3, 3, 1, 2, 4, 5]
    )


def restart_to_the_same_value() -> History:
    # The process starts anew at second 65. 500 stood at 1 and is absent until second 115, when the new process has its
    # first error: 1 is 1 more. 200 goes 40 | 45 50: by value it grew by 10, in truth 50 are new.
    before = Target("same-value", started=-86_400).scraped(BEFORE + QUARTERS[:4], _200=[40] * 8, _500=[1] * 8)
    after = Target("same-value", started=65).scraped(
        QUARTERS[4:12], _200=[45, 45, 50, 50, 50, 50, 50, 50], _500=[None, None, None, 1, 1, 1, 1, 1]
    )
    return merged(before, after)


def restart_seen_before_its_counters() -> History:
    # Samples stand on the boundaries, as a scrape interval of a minute may have it. The process that started at second
    # 65 exposes its counter only from 180 on, so the slice (60, 120] holds nothing but the old sample on its edge.
    # Then 7 are new: 100 and 7 are far apart, and 7 more in the slice after, though its own start is still recent.
    old = Target("seen-before").scraped([-60, 0, 60], _200=[90, 95, 100])
    new = Target("seen-before", started=65).scraped([120, 180, 240], _200=[None, 7, 14])
    return merged(old, new)


def _back_after(length: int) -> list[int]:
    return [55 + length + 15 * number for number in range(8)]


def pod_born_in_an_outage(job: str, length: int) -> History:
    # Nothing is scraped for a while after second 55. Pod a goes on from 100 to 200; pod b started at second 100, soon
    # after the outage began, and is seen with 80 when it is over: 100 and 80 are new.
    a = Target(job, "a").scraped(every(15, first=-50, count=8) + _back_after(length), _200=[100] * 8 + [200] * 8)
    return merged(a, Target(job, "b", started=100).scraped(_back_after(length), _200=[80] * 8))


def all_pods_replaced_in_an_outage() -> History:
    a = Target("all-replaced", "a").scraped(every(15, first=-50, count=8), _200=[100] * 8)
    return merged(a, Target("all-replaced", "b", started=100).scraped(_back_after(600), _200=[80] * 8))


def idle_series_hidden_by_its_exporter() -> History:
    # The target is up all along. 500 stands at 50, is not exposed for ten minutes, and is back at 51: 1 is new.
    at = every(15, first=-50, count=80)
    hidden = [50 if t < 60 else None if t < 660 else 51 for t in at]
    return Target("hidden").scraped(at, _200=[1000] * 80, _500=hidden)


def late_error_series() -> History:
    # The error series is first seen at second 70 with 50 errors, on a target a day old.
    return Target("late-errors").scraped(
        BEFORE + QUARTERS, _200=[1000] * 16, _500=[None] * 8 + [50, 50, 51, 51] + [51] * 4
    )


def birth_and_reset_in_one_slice() -> History:
    # 500 is born in the slice at 10, reaches 20, restarts at 3: 20 + 3.
    return Target("birth-and-reset").scraped(BEFORE + QUARTERS[:4], _200=[1000] * 8, _500=[None] * 4 + [10, 20, 3, 3])


def short_lived_pods() -> History:
    # Beside a steady pod: one lives 30 s inside the second slice, one is seen by a single scrape.
    steady = Target("short-lived", "steady").scraped(BEFORE + QUARTERS, _200=[5] * 16)
    brief = Target("short-lived", "brief", started=75).scraped([85, 100], _200=[4, 9], _500=[None, 1])
    single = Target("short-lived", "single", started=118).scraped([130], _200=[10])
    return merged(steady, brief, single)


def pod_started_shortly_before_its_first_slice() -> History:
    # Started at 30, first scraped at 70: its 8 requests were never seen before, so they count in the second slice.
    steady = Target("young", "steady").scraped(BEFORE + QUARTERS, _200=[5] * 16)
    return merged(steady, Target("young", "young", started=30).scraped(QUARTERS[4:], _200=[8] * 4 + [9] * 4))


def long_lived_target_joins() -> History:
    steady = Target("joins", "steady").scraped(BEFORE + QUARTERS, _200=[5] * 16)
    old = Target("joins", "old").scraped(
        QUARTERS[4:], _200=[1_000_000] * 4 + [1_000_005] * 4, _500=[900] * 4 + [901] * 4
    )
    return merged(steady, old)


def relabelled_target() -> History:
    # The same job and instance get a further label at second 70; every series starts anew with its old value.
    before = Target("relabelled").scraped(BEFORE + QUARTERS[:4], _200=[700] * 4 + [710] * 4, _500=[40] * 8)
    after = Target("relabelled", more=',team="x"').scraped(QUARTERS[4:], _200=[715] * 4 + [720] * 4, _500=[41] * 8)
    return merged(before, after)


def target_comes_back() -> History:
    # A steady pod beside one that fails its scrapes from 55 to 1255 and then shows 250 more requests.
    always = every(15, first=-50, count=100)
    steady = Target("comes-back", "steady").scraped(always, _200=[5] * 100)
    away = every(15, first=70, count=79)
    returned = Target("comes-back", "away").scraped(
        [-5, 10, 25, 40, 55, 1255, 1270], down=away, _200=[90, 92, 94, 96, 100, 350, 351], _500=[7, 7, 7, 7, 7, 30, 30]
    )
    return merged(steady, returned)


def slow_scrapes() -> History:
    # A scrape every 2 minutes, at 30 s past: the increase lands in every second slice, the others are measured zeros.
    return Target("slow").scraped([-90, 30, 150, 270, 390], _200=[10, 16, 16, 46, 47], _500=[1, 1, 2, 2, 2])


def unlabelled_counters() -> History:
    # Counters without job and instance, as a recording rule or a push may leave them: a late series is a birth
    # because a sibling was in view; the first series ever is not.
    ok = [(t, float(v)) for t, v in zip(BEFORE + QUARTERS[:8], [100] * 4 + [110] * 8, strict=True)]
    late = [(t, float(v)) for t, v in zip(QUARTERS[4:8], [30, 30, 31, 31], strict=True)]
    return {
        'pushed_total{code="200"}': [(START + t, v) for t, v in ok],
        'pushed_total{code="500"}': [(START + t, v) for t, v in late],
    }


def replaced_pod_with_the_same_address() -> History:
    # A pod is replaced under the same job and instance, with a new pod label and a new process.
    first = Target("replaced", more=',pod="a"').scraped(BEFORE + QUARTERS[:2], _200=[500] * 5 + [502], _500=[9] * 6)
    second = Target("replaced", started=30, more=',pod="b"').scraped(
        QUARTERS[3:8], _200=[3, 4, 4, 4, 6], _500=[None, 2, 2, 2, 2]
    )
    return merged(first, second)


CASES = (
    on_the_boundary,
    reset_inside_a_slice,
    reset_between_slices,
    restart_to_the_same_value,
    restart_seen_before_its_counters,
    late_error_series,
    birth_and_reset_in_one_slice,
    short_lived_pods,
    pod_started_shortly_before_its_first_slice,
    long_lived_target_joins,
    relabelled_target,
    target_comes_back,
    slow_scrapes,
    unlabelled_counters,
    replaced_pod_with_the_same_address,
)

EVERY_JOB = (
    "boundary",
    "reset",
    "reset-between",
    "same-value",
    "seen-before",
    "late-errors",
    "birth-and-reset",
    "short-lived",
    "young",
    "joins",
    "relabelled",
    "comes-back",
    "slow",
    "replaced",
)


HIDDEN = {
    "outage-4": (pod_born_in_an_outage("outage-4", 240), 480, (0, 180)),
    "outage-10": (pod_born_in_an_outage("outage-10", 600), 840, (0, 180)),
    "all-replaced": (all_pods_replaced_in_an_outage(), 840, (0, 80)),
    "hidden": (idle_series_hidden_by_its_exporter(), 900, (1, 1)),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    server = PrometheusServer(tmp_path_factory.mktemp("exact"))
    server.backfill(merged(*(case() for case in CASES), *(history for history, _, _ in HIDDEN.values())))
    with server:
        yield server


@pytest.fixture(scope="module")
def source(server: PrometheusServer) -> Iterator[PushDown]:
    with pushing_down(server.url) as source:
        yield source


@pytest.mark.parametrize(
    ("job", "start", "end", "expected"),
    [
        # The sample on a boundary ends one slice and is the base of the next: 10, 20, 0 in all, 30 counted once.
        ("boundary", 0, 180, [(0, 10), (2, 22), (1, 1)]),
        ("reset", 0, 120, [(5, 44), (0, 0)]),
        ("reset-between", 0, 60, [(5, 17)]),
        ("seen-before", 0, 240, [(0, 5), (0, 0), (0, 7), (0, 7)]),
        ("same-value", 0, 180, [(0, 0), (1, 51), (0, 0)]),
        ("late-errors", 0, 180, [(0, 0), (51, 51), (0, 0)]),
        ("birth-and-reset", 0, 60, [(23, 23)]),
        # brief: 9 good and 1 bad in the second slice; single: 10 in the third.
        ("short-lived", 0, 180, [(0, 0), (1, 10), (0, 10)]),
        ("young", 0, 180, [(0, 0), (0, 8), (0, 1)]),
        ("joins", 0, 180, [(0, 0), (0, 0), (1, 6)]),
        # What happened between the last old and the first new sample (5 and 1) is not known to be new.
        ("relabelled", 0, 180, [(0, 10), (0, 0), (0, 5)]),
        # Nothing of it is lost: 350 - 100 good and 30 - 7 bad while it was away, in the slice (1200, 1260].
        ("comes-back", 1140, 1320, [(0, 0), (23, 273), (0, 1)]),
        ("slow", 0, 420, [(0, 6), (0, 0), (1, 1), (0, 0), (0, 30), (0, 0), (0, 1)]),
        # (-60, 0] is the first slice of all: what the counters showed then is old.
        ("late-errors", -60, 0, [(0, 0)]),
        # first: 502 - 500 = 2 in the first slice; second: born at 3, in the first slice; then 3 and a birth of 2.
        ("replaced", 0, 120, [(0, 5), (2, 5)]),
    ],
)
def test_increases_equal_the_truth_derived_by_hand(source: PushDown, job, start, end, expected):
    assert bad_and_total(source.count(asking(job, start=start, end=end))) == expected


@pytest.mark.parametrize("job", HIDDEN)
def test_what_happened_out_of_sight_is_counted_once(source: PushDown, job):
    _, end, expected = HIDDEN[job]
    table = source.count(asking(job, start=0, end=end)).table
    good, total = float(table.good.sum()), float(table.total.sum())
    assert (total - good, total) == expected


def test_counters_without_target_labels_count_late_series_once_a_sibling_was_in_view(source: PushDown):
    # (0, 60]: 110 - 100 = 10; (60, 120]: the late series with its 31.
    pushed = Sli("pushed", "prom", bad='pushed_total{code="500"}', total="pushed_total")
    counted = source.count(CountRequest((pushed,), between(-60, 120)))
    assert bad_and_total(counted) == [(0, 0), (0, 10), (31, 31)]


@pytest.mark.parametrize("job", [name for name in EVERY_JOB if name != "comes-back"])
def test_a_range_equals_its_slices_asked_one_by_one(source: PushDown, job):
    whole = source.count(asking(job, start=-60, end=180))
    one_by_one = [source.count(asking(job, start=start, end=start + 60)) for start in range(-60, 180, 60)]
    assert bad_and_total(whole) == [row for one in one_by_one for row in bad_and_total(one)]


def test_fused_with_others_each_is_counted_as_alone(source: PushDown):
    jobs = (*EVERY_JOB, *HIDDEN)
    together = source.count(asking(*jobs, start=-60, end=1320))
    for row, job in enumerate(jobs):
        assert bad_and_total(together, row) == bad_and_total(source.count(asking(job, start=-60, end=1320))), job


@pytest.mark.parametrize("bounds", [Bounds(points=1), Bounds(points=2), Bounds(points=3), Bounds(values=40, members=3)])
def test_the_edge_between_two_questions_loses_and_doubles_nothing(server: PrometheusServer, source: PushDown, bounds):
    request = asking(*EVERY_JOB, start=-60, end=180)
    with pushing_down(server.url, bounds) as small:
        cut = small.count(request)
    whole = source.count(request)
    assert all(bad_and_total(cut, row) == bad_and_total(whole, row) for row in range(len(EVERY_JOB)))


def test_the_terms_of_a_sum_are_counted_each_and_then_added(source: PushDown):
    # boundary: 200 grows by 10, 20, 0 and 500 by 0, 2, 1; late-errors: 500 has 0, 51, 0.
    ok, bad, late = (
        f'http_requests_total{{job="{job}",code="{code}"}}'
        for job, code in (("boundary", 200), ("boundary", 500), ("late-errors", 500))
    )
    slis = (
        Sli("added", "prom", good=ok, total=f"{ok} + {bad}"),
        Sli("taken", "prom", bad=f'http_requests_total{{job="boundary"}} - {ok}', total=f"{ok} + {late} + {bad}"),
    )
    counted = source.count(CountRequest(slis, between(0, 180)))
    assert bad_and_total(counted, 0) == [(0, 10), (2, 22), (1, 1)]
    assert bad_and_total(counted, 1) == [(0, 10), (2, 73), (1, 1)]
