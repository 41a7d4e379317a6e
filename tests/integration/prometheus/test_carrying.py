"""Counting by carrying series, on real servers whose history is written by hand.

Slices are a minute long; times are seconds after START, a boundary; scrapes come every 15 s at :10, :25, :40, :55.
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
    merged,
    pushing_down,
)
from tests.integration.prometheus.test_exact_counting import BEFORE, CASES, EVERY_JOB, HIDDEN, QUARTERS
from tests.integration.prometheus.test_gaps import (
    GAP,
    counters_stay_alive,
    replaced_in_the_gap,
    restarted_in_the_gap,
    short_gap,
)
from tests.servers.prometheus import PrometheusServer
from tests.servers.victoria_metrics import VictoriaMetricsServer

from okrbridge.application.ports import Counted, CountRequest
from okrbridge.domain.ledger import SliceState
from okrbridge.domain.sli import Sli
from okrbridge.errors import SourceFailureReason
from okrbridge.sources.prometheus.carry.carrying import Carry

pytestmark = pytest.mark.integration


def two_resets_in_a_slice() -> History:
    # 200: 100 | 120 5 30 7: 20 before the first reset, 5 + 25 before the second, 7 after it.
    return Target("two-resets").scraped(BEFORE + QUARTERS[:4], _200=[90, 95, 98, 100, 120, 5, 30, 7], _500=[1] * 8)


def reset_that_passes_the_old_peak() -> History:
    # 200: 100 | 110 20 80 150: the level rose from 100 to 150; in truth 10 + 20 + 60 + 70 = 160 are new.
    return Target("passes").scraped(BEFORE + QUARTERS[:4], _200=[100] * 4 + [110, 20, 80, 150], _500=[1] * 8)


def restart_that_passes_the_old_peak_between_scrapes() -> History:
    # The process starts anew at second 30, and its first scrape shows more than the last of the old one: only its
    # start tells. 200: 100 | 110 110, then 130 140: 10 + 140. 500: 2 | 2 2, then 2 3: 3.
    old = Target("faster").scraped(BEFORE + QUARTERS[:2], _200=[100] * 4 + [110, 110], _500=[2] * 6)
    return merged(old, Target("faster", started=30).scraped(QUARTERS[2:4], _200=[130, 140], _500=[2, 3]))


def two_restarts_in_a_slice() -> History:
    # 200: 50 | 60, then 70, then 80 and 90 by a third process: 10 + 70 + 80 + 10.
    first = Target("twice").scraped(BEFORE + QUARTERS[:1], _200=[50] * 4 + [60])
    second = Target("twice", started=20).scraped(QUARTERS[1:2], _200=[70])
    return merged(first, second, Target("twice", started=35).scraped(QUARTERS[2:4], _200=[80, 90]))


def wavering_start() -> History:
    # The start is derived from the boot time and wavers by a second: no restart. 200 grows by 40.
    steady = Target("wavers", started=-86_400).scraped(BEFORE + QUARTERS[:2], _200=[100] * 4 + [110, 120])
    return merged(steady, Target("wavers", started=-86_399).scraped(QUARTERS[2:4], _200=[130, 140]))


def replicas() -> History:
    # Two copies of one counter. b lags by 5, and a is gone after second 85: 105 is no reset, and 125 is 15 above 110.
    a = Target("pair", more=',prometheus_replica="a"').scraped(BEFORE + QUARTERS[:6], _200=[100] * 8 + [110] * 2)
    b = Target("pair", more=',prometheus_replica="b"').scraped(BEFORE + QUARTERS, _200=[95] * 8 + [105] * 4 + [125] * 4)
    return merged(a, b)


def old_target_that_grows_in_its_first_slice() -> History:
    # 9000 is old; 9010 in the same slice is 10 more, and 9015 in the next is 5 more.
    steady = Target("grows", "steady").scraped(BEFORE + QUARTERS[:8], _200=[5] * 12)
    return merged(steady, Target("grows", "old").scraped([25, 40, 100], _200=[9000, 9010, 9015]))


ODD = (
    old_target_that_grows_in_its_first_slice,
    two_resets_in_a_slice,
    reset_that_passes_the_old_peak,
    restart_that_passes_the_old_peak_between_scrapes,
    two_restarts_in_a_slice,
    wavering_start,
    replicas,
)
EXPECTED = {
    "grows": [(0, 10), (0, 5)],
    "two-resets": [(0, 57), (0, 0)],
    "passes": [(0, 160), (0, 0)],
    "faster": [(3, 153), (0, 0)],
    "twice": [(0, 170), (0, 0)],
    "wavers": [(0, 40), (0, 0)],
    "boundary": [(0, 10), (2, 22)],
    "reset": [(5, 44), (0, 0)],
    "same-value": [(0, 0), (1, 51)],
    "late-errors": [(0, 0), (51, 51)],
    "short-lived": [(0, 0), (1, 10)],
    "joins": [(0, 0), (0, 0)],
    "relabelled": [(0, 10), (0, 0)],
    "replaced": [(0, 5), (2, 5)],
    "slow": [(0, 6), (0, 0)],
}


def history() -> History:
    return merged(*(case() for case in (*CASES, *ODD)), *(history for history, _, _ in HIDDEN.values()))


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    server = PrometheusServer(tmp_path_factory.mktemp("carrying"))
    server.backfill(history())
    with server:
        yield server


@pytest.fixture(scope="module", params=["prometheus", "victoria-metrics"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "prometheus":
        yield request.getfixturevalue("prometheus").url
        return
    with VictoriaMetricsServer(tmp_path_factory.mktemp("victoria")) as server:
        server.load(history())
        yield server.url


@pytest.fixture
def carry(url: str) -> Iterator[Carry]:
    with carrying(url, replica_labels=("prometheus_replica",)) as carry:
        yield carry


def tick(carry: Carry, *jobs: str, start: float, measured_until: float | None = None) -> Counted:
    return carry.count(asking(*jobs, start=start, end=start + 60, measured_until=measured_until))


@pytest.mark.parametrize("job", EXPECTED)
def test_increases_equal_the_truth_on_every_server(carry: Carry, job):
    assert bad_and_total(carry.count(asking(job, start=0, end=120))) == EXPECTED[job]


def test_ticks_that_follow_each_other_equal_a_range(carry: Carry):
    jobs = (*EVERY_JOB, *EXPECTED, *HIDDEN)
    whole = carry.count(asking(*jobs, start=-60, end=900))
    measured: dict[str, float] = {}
    ticks: dict[str, list[tuple[float, float] | None]] = {job: [] for job in jobs}
    for start in range(-60, 900, 60):
        # As a ledger would: each SLI with the end of its own last measured slice.
        requests = [asking(job, start=start, end=start + 60, measured_until=measured.get(job)) for job in ticks]
        for job, counted in zip(ticks, carry.count_all(requests), strict=True):
            [found] = bad_and_total(counted)
            ticks[job].append(found)
            if found is not None or start == -60:
                measured[job] = start + 60
    for row, job in enumerate(jobs):
        assert bad_and_total(whole, row) == ticks[job], job


def test_a_fresh_process_goes_on_where_the_old_one_stopped(url: str, carry: Carry):
    jobs = tuple(job for job in (*EVERY_JOB, *EXPECTED) if job != "comes-back")
    old = [tick(carry, *jobs, start=0), tick(carry, *jobs, start=60, measured_until=60)]
    with carrying(url, replica_labels=("prometheus_replica",)) as fresh:
        again = tick(fresh, *jobs, start=60, measured_until=60)
    for row, job in enumerate(jobs):
        assert bad_and_total(again, row) == bad_and_total(old[1], row), job


def test_pushing_down_counts_the_same(prometheus: PrometheusServer):
    # Of samples on a boundary Prometheus 2 says for a slice longer that they are in view.
    jobs = tuple(job for job in (*EVERY_JOB, *HIDDEN) if job not in ("boundary", "seen-before"))
    request = asking(*jobs, start=-60, end=1320)
    with carrying(prometheus.url) as carry, pushing_down(prometheus.url) as push_down:
        carried, pushed = carry.count(request), push_down.count(request)
    for row, job in enumerate(jobs):
        assert bad_and_total(carried, row) == bad_and_total(pushed, row), job


@pytest.mark.parametrize("edge", [420, 1200])
def test_chunks_filled_newest_first_equal_one(prometheus: PrometheusServer, edge):
    # "comes-back", "hidden" and the outages are out of view at the edge.
    jobs = (*EVERY_JOB, *HIDDEN)
    with carrying(prometheus.url) as carry, carrying(prometheus.url) as other:
        whole = carry.count(asking(*jobs, start=-60, end=1320))
        newer, older = other.count(asking(*jobs, start=edge, end=1320)), other.count(asking(*jobs, start=-60, end=edge))
        for row, job in enumerate(jobs):
            filled = bad_and_total(older, row) + bad_and_total(newer, row)
            expected = bad_and_total(whole, row)
            first_live = next((place for place, one in enumerate(bad_and_total(newer, row)) if one is not None), None)
            if expected != filled and first_live is not None and bad_and_total(older, row)[-1] is None:
                # As settling does: the first slice after a gap is asked again once what came before it is known.
                known = max(place for place, one in enumerate(bad_and_total(older, row)) if one is not None)
                start, until = edge + 60 * first_live, 60 * known
                [again] = bad_and_total(other.count(asking(job, start=start, end=start + 60, measured_until=until)))
                filled[(start + 60) // 60] = again
            assert filled == expected, job


def test_a_series_that_was_away_is_counted_when_it_comes_back(carry: Carry):
    # 350 - 100 good and 30 - 7 bad while it was away for twenty minutes.
    counted = carry.count(asking("comes-back", start=1140, end=1320, measured_until=1140))
    assert bad_and_total(counted) == [(0, 0), (23, 273), (0, 1)]


def test_with_nothing_measured_before_growth_of_a_known_series_is_counted_all_the_same(carry: Carry):
    # Its last sample before the interval is its latest, whatever slices were asked for.
    counted = carry.count(asking("comes-back", start=1140, end=1320))
    assert bad_and_total(counted) == [(0, 0), (23, 273), (0, 1)]


def test_a_lagging_copy_is_no_reset_and_copies_count_once(carry: Carry):
    counted = carry.count(asking("pair", start=0, end=180))
    assert bad_and_total(counted) == [(0, 0), (0, 10), (0, 15)]


def test_patterns_and_negations_take_in_what_the_server_takes_in(carry: Carry):
    slis = (
        Sli(
            "pattern",
            "prom",
            bad='http_requests_total{job=~"bound.*|none",code!~"2.."}',
            total='http_requests_total{job="boundary"}',
        ),
        Sli(
            "without",
            "prom",
            good='http_requests_total{job="boundary",code!="500"}',
            total='http_requests_total{job=~"boundary"}',
        ),
    )
    counted = carry.count(CountRequest(slis, between(0, 180)))
    for row in range(2):
        assert bad_and_total(counted, row) == [(0, 10), (2, 22), (1, 1)]


@pytest.mark.parametrize("limits", [{"points_per_answer": 1}, {"most_slices": 2}, {"points_per_answer": 100}])
def test_the_edge_between_two_questions_loses_and_doubles_nothing(prometheus: PrometheusServer, limits):
    request = asking(*EVERY_JOB, start=-60, end=180)
    with carrying(prometheus.url, **limits) as small, carrying(prometheus.url) as carry:
        cut, whole = small.count(request), carry.count(request)
    for row, job in enumerate(EVERY_JOB):
        assert bad_and_total(cut, row) == bad_and_total(whole, row), job


@pytest.mark.parametrize(("value", "shown"), [(-1.0, "-1"), (float("inf"), "inf"), (float("nan"), "NaN")])
def test_a_value_that_no_counter_can_have_fails_its_sli_alone(tmp_path, value, shown):
    server = PrometheusServer(tmp_path)
    odd = Target("gauge").scraped(BEFORE + QUARTERS[:4], _200=[1] * 7 + [value])
    server.backfill(merged(odd, Target("fine").scraped(BEFORE + QUARTERS[:4], _200=[1] * 7 + [9])))
    with server, carrying(server.url) as carry:
        counted = carry.count(asking("gauge", "fine", start=0, end=60))
    assert list(counted.failures) == [0]
    assert counted.failures[0].reason is SourceFailureReason.BAD_ANSWER
    assert f"the value {shown}, which no counter can have; is this a gauge?" in counted.failures[0].message
    assert (counted.table.states[0, 0], counted.table.total[1, 0]) == (SliceState.UNKNOWN, 8)


@pytest.fixture(scope="module")
def after_gaps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carry]:
    server = PrometheusServer(tmp_path_factory.mktemp("gaps"))
    server.backfill(merged(counters_stay_alive(), restarted_in_the_gap(), replaced_in_the_gap(), short_gap()))
    with server, carrying(server.url) as carry:
        yield carry


@pytest.mark.parametrize(
    ("job", "first_after"),
    [
        # The sums are derived where pushing down is tested. "replaced" has an old pod too, which shows 2 more than
        # its first sample within the slice: 71 + 2.
        ("alive", (25, 327)),
        ("restarted", (3, 24)),
        ("replaced", (0, 73)),
    ],
)
def test_the_first_slice_after_a_gap_holds_what_happened_in_it(after_gaps: Carry, job, first_after):
    whole = after_gaps.count(asking(job, start=0, end=1260))
    bridged = after_gaps.count(asking(job, start=1200, end=1260, measured_until=300))
    inside = after_gaps.count(asking(job, start=600, end=1260, measured_until=300))
    assert bad_and_total(whole) == [(0, 0)] * 5 + GAP + [first_after]
    assert bad_and_total(bridged) == [first_after]
    assert bad_and_total(inside) == [None] * 10 + [first_after]


def test_with_nothing_measured_before_births_do_not_look_into_slices_that_are_still_to_be_asked_for(
    after_gaps: Carry,
):
    # The series of "alive" were known: 327 as above. Pod b of "replaced" started within the gap: its first value may
    # have been counted before; 1 more within the slice, and 2 of pod c.
    assert bad_and_total(after_gaps.count(asking("alive", start=1200, end=1260))) == [(25, 327)]
    assert bad_and_total(after_gaps.count(asking("replaced", start=1200, end=1260))) == [(0, 3)]


def test_a_gap_shorter_than_the_look_back_is_measured(after_gaps: Carry):
    counted = after_gaps.count(asking("short", start=0, end=360))
    assert bad_and_total(counted) == [(0, 0)] * 5 + [(0, 91)]
