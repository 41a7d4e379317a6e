"""The ticker on a grid of hundredths of a second; every wait is for an event, with a time-out."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from okrbridge.domain.windows import Grid
from okrbridge.scheduling.ticker import Ticker

TINY = Grid(timedelta(milliseconds=20))
HOURLY = Grid(timedelta(hours=1))
PATIENCE = 10.0
"""Seconds after which a test gives up; none of them gets near."""

Job = Callable[[threading.Event], None]


@contextmanager
def ticking(job: Job, grid: Grid = TINY) -> Iterator[Ticker]:
    ticker = Ticker(job, grid, timedelta(0))
    ticker.start()
    try:
        yield ticker
    finally:
        ticker.stop()


class Visits:
    """Counts runs, and how many there are at once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.inside = 0
        self.most_inside = 0
        self.count = 0

    @contextmanager
    def one(self) -> Iterator[int]:
        with self._changed:
            self.count += 1
            self.inside += 1
            self.most_inside = max(self.inside, self.most_inside)
            self._changed.notify_all()
            number = self.count
        try:
            yield number
        finally:
            with self._changed:
                self.inside -= 1

    def reached(self, count: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.count >= count, PATIENCE)


def test_the_first_run_starts_at_once_and_not_at_the_next_boundary():
    ran = threading.Event()
    with ticking(lambda _: ran.set(), HOURLY):
        assert ran.wait(PATIENCE)


def test_boundary_follows_boundary():
    visits = Visits()

    def job(_stopping: threading.Event) -> None:
        with visits.one():
            pass

    with ticking(job):
        assert visits.reached(4)


def test_a_run_longer_than_a_slice_is_never_joined_by_a_second_one():
    visits, passed = Visits(), threading.Event()

    def job(_stopping: threading.Event) -> None:
        with visits.one():
            # Longer than two slices; nobody sets the event.
            passed.wait(0.05)

    with ticking(job):
        assert visits.reached(4)
    assert visits.most_inside == 1


def test_stopping_waits_for_the_running_tick_and_tells_it():
    entered, finished = threading.Event(), threading.Event()

    def job(stopping: threading.Event) -> None:
        entered.set()
        if stopping.wait(PATIENCE):
            finished.set()

    with ticking(job, HOURLY):
        assert entered.wait(PATIENCE)
    assert finished.is_set()


def test_a_run_that_waits_when_the_ticker_stops_is_not_made():
    visits = Visits()

    def job(stopping: threading.Event) -> None:
        with visits.one():
            # Several boundaries pass meanwhile, so that a run is waiting when the ticker stops.
            threading.Event().wait(0.1)
            stopping.wait(PATIENCE)

    with ticking(job):
        assert visits.reached(1)
    assert visits.count == 1


def test_nothing_runs_after_stopping():
    visits = Visits()

    def job(_stopping: threading.Event) -> None:
        with visits.one():
            pass

    with ticking(job):
        assert visits.reached(2)
    count = visits.count
    assert not threading.Event().wait(0.06)
    assert visits.count == count


def test_a_failing_run_is_logged_and_the_next_boundary_gets_its_chance(caplog):
    visits = Visits()

    def job(_stopping: threading.Event) -> None:
        with visits.one() as number:
            if number == 1:
                raise RuntimeError("the database went away")

    with caplog.at_level(logging.ERROR), ticking(job):
        assert visits.reached(3)
    assert visits.count >= 3


def test_a_ticker_that_was_never_started_can_be_stopped():
    Ticker(lambda _: None, TINY, timedelta(0)).stop()
