"""The simulator behind the accuracy benchmark: what its samples show, and what can be known from them."""

import math

import numpy as np
import pytest
from benchmarks.accuracy.samples import openmetrics, scraped
from benchmarks.accuracy.services import Counter, Process, Scraper, Span, Target
from benchmarks.accuracy.truth import Truth, true_events

SIMULATED = Span(0, 121)
WINDOW = Span(60, 120)
ONE = (Scraper(),)
EVERY_SECOND = np.ones(121, dtype=np.int64)
LABELS = {"job": "api", "instance": "a"}


def counter(events=EVERY_SECOND, *, code="500", **given) -> Counter:
    return Counter({"code": code}, 1, events, **given)


def target(*processes: Process, listed: Span = SIMULATED, unreachable=(), labels=LABELS) -> Target:
    return Target(labels, processes, listed, 5.0, unreachable)


def known(*targets: Target, scrapers=ONE) -> Truth:
    return true_events(scrapers, targets, SIMULATED, WINDOW)


def test_a_scrape_sees_the_events_of_its_second_and_before():
    at = np.array([0.9, 1.0, 5.0, 5.9, 500.0])
    # One event each second from 1 on, 121 in all, on top of 7 from before.
    assert counter(carried=7).level(at).tolist() == [7, 8, 12, 12, 128]


def test_a_reset_begins_again_at_zero():
    # Reset after the event of second 10: seconds 11 to 15 are 5 events; after the one at 20.5, one at 21.
    assert counter(resets=(10.5, 20.5)).level(np.array([10.0, 15.0, 21.0])).tolist() == [10, 5, 1]


def test_scrapes_stand_at_the_phase_of_their_target_while_it_is_listed():
    one = target(Process(-100.0, [counter()]), listed=Span(30.0, 70.0))
    assert Scraper().attempts(one, SIMULATED).tolist() == [35.0, 50.0, 65.0]
    assert Scraper(shift=7.0).attempts(one, SIMULATED).tolist() == [42.0, 57.0]
    assert Scraper(down=[Span(40, 60)]).attempts(one, SIMULATED).tolist() == [35.0, 65.0]


def test_what_the_samples_of_a_window_show_first_is_known():
    # Scrapes at 5, 20, …, 50 before the window, 65 to 110 in it: 110 - 50 events.
    assert known(target(Process(-100.0, [counter()]))) == Truth(bad=60, total=60, unseen=0)


def test_only_codes_of_five_hundred_are_bad():
    both = target(Process(-100.0, [counter(), counter(code="200")]))
    assert known(both) == Truth(bad=60, total=120, unseen=0)


def test_all_events_of_a_process_that_started_in_the_window_are_known():
    born = Process(70.37, [Counter({"code": "500"}, 71, np.ones(50, dtype=np.int64))])
    # Scraped at 80, 95 and 110: seconds 71 to 110.
    assert known(target(born)) == Truth(bad=40, total=40, unseen=0)


def test_of_an_old_process_that_comes_into_view_only_what_follows_is_known():
    joined = target(Process(-100.0, [counter()]), listed=Span(70.0, 121.0))
    # Scraped at 80, 95 and 110: 30 events are known, the 20 of seconds 61 to 80 are not.
    assert known(joined) == Truth(bad=30, total=30, unseen=20)


def test_what_happens_after_the_last_scrape_of_a_process_stays_unseen():
    ended = Process(-100.0, [counter(np.ones(100, dtype=np.int64))], ended=100.5)
    # Scraped until 95: 45 events since 50 are known, 96 to 100 are five that no sample shows.
    assert known(target(ended)) == Truth(bad=45, total=45, unseen=5)


def test_a_process_that_nobody_scraped_in_the_window_stays_unseen():
    ended = Process(61.37, [Counter({"code": "500"}, 62, np.ones(3, dtype=np.int64))], ended=64.5)
    assert known(target(ended)) == Truth(bad=0, total=0, unseen=3)


def test_a_gap_loses_nothing_while_the_counter_lives():
    gap = target(Process(-100.0, [counter()]), unreachable=[Span(60, 100)])
    assert known(gap) == Truth(bad=60, total=60, unseen=0)


@pytest.mark.parametrize(
    ("reset", "bad"),
    [
        # 50 shown at 50, reset at 60.5, 5 shown at 65: 5 and the following 45; 51 to 60 are lost.
        pytest.param(60.5, 50, id="a fall shows a reset"),
        # Before the first event there is nothing to lose.
        pytest.param(0.5, 60, id="a reset before all events changes nothing"),
    ],
)
def test_after_a_fall_the_new_level_is_known(reset: float, bad: int):
    one = target(Process(-100.0, [counter(resets=(reset,))]))
    assert known(one) == Truth(bad=bad, total=bad, unseen=60 - bad)


def test_a_relabelled_target_is_one_process():
    process = Process(-100.0, [counter()])
    before = target(process, listed=Span(0, 80), labels={**LABELS, "zone": "a"})
    after = target(process, listed=Span(80, 121), labels={**LABELS, "zone": "b"})
    assert known(before, after) == Truth(bad=60, total=60, unseen=0)


def test_two_scrapers_know_what_either_has_seen():
    ended = Process(-100.0, [counter(np.ones(104, dtype=np.int64))], ended=104.5)
    pair = (Scraper(), Scraper(shift=7.0))
    # Together they scrape at 50 and 57 before the window and until 102 in it: 102 - 57 events, 103 and 104 unseen.
    assert known(target(ended), scrapers=pair) == Truth(bad=45, total=45, unseen=2)


def test_samples_are_written_with_up_and_the_start_of_the_process():
    one = target(
        Process(2.37, [counter(np.array([0] * 20 + [1]), is_hidden=True)], ended=math.inf),
        listed=Span(3.0, 36.0),
        unreachable=[Span(30.0, 40.0)],
    )
    assert openmetrics(scraped([Scraper()], [one], SIMULATED)).splitlines() == [
        # The error series is not there before its first event, at second 21; nothing is at 35, when the scrape failed.
        'process_start_time_seconds{instance="a",job="api"} 2.37 5.0',
        'process_start_time_seconds{instance="a",job="api"} 2.37 20.0',
        'up{instance="a",job="api"} 1 5.0',
        'up{instance="a",job="api"} 1 20.0',
        'up{instance="a",job="api"} 0 35.0',
        "# EOF",
    ]


def test_a_process_that_restarts_in_place_goes_on_with_its_series():
    first = Process(0.37, [Counter({"code": "500"}, 1, np.ones(10, dtype=np.int64))], ended=10.5)
    second = Process(12.37, [Counter({"code": "500"}, 13, np.ones(108, dtype=np.int64))])
    series = {one.name: one for one in scraped([Scraper()], [target(first, second)], Span(0, 40))}
    found = series['http_requests_total{code="500",instance="a",job="api"}']
    assert (found.at.tolist(), found.values.tolist()) == ([5.0, 20.0, 35.0], [5, 8, 23])
