"""The ticker on a grid of hundredths of a second; every wait is for an event, with a time-out."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from apscheduler.events import EVENT_JOB_SUBMITTED
from structlog.testing import capture_logs

from okrbridge.domain.windows import Grid
from okrbridge.scheduling.ticker import Ticker

TINY = Grid(timedelta(milliseconds=20))
HOURLY = Grid(timedelta(hours=1))
PATIENCE = 10.0
"""Seconds after which a test gives up; none of them gets near."""


class Count:
    """A number that threads raise and others wait for."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.value = 0

    def more(self, *_event: object) -> int:
        """One more; returns how many there are now."""
        with self._changed:
            self.value += 1
            self._changed.notify_all()
            return self.value

    def reached(self, value: int) -> bool:
        """Wait until there are that many."""
        with self._changed:
            return self._changed.wait_for(lambda: self.value >= value, PATIENCE)


@contextmanager
def ticking(
    job: Callable[[threading.Event], None], grid: Grid = TINY, submitted: Count | None = None
) -> Iterator[None]:
    """A ticker at work; ``submitted`` counts the runs that fell due."""
    ticker = Ticker(job, grid, timedelta(0))
    ticker._scheduler.add_listener((submitted or Count()).more, EVENT_JOB_SUBMITTED)
    ticker.start()
    try:
        yield
    finally:
        ticker.stop()


def _discard(_number: int) -> None:
    """Jobs return nothing."""


def test_the_first_run_starts_at_once_and_not_at_the_next_boundary():
    ran = threading.Event()
    with ticking(lambda _: ran.set(), HOURLY):
        assert ran.wait(PATIENCE)


def test_boundary_follows_boundary():
    runs = Count()
    with ticking(lambda _stopping: _discard(runs.more())):
        assert runs.reached(4)


def test_a_run_past_boundaries_is_followed_by_one_run_and_never_joined_by_it():
    submitted, runs, together = Count(), Count(), []
    inside = threading.Lock()

    def job(_stopping: threading.Event) -> None:
        together.append(not inside.acquire(blocking=False))
        if runs.value < 3:
            # Each run lasts until the next one is due and waits.
            submitted.reached(runs.value + 2)
        inside.release()
        runs.more()

    with ticking(job, submitted=submitted):
        assert runs.reached(3)
    assert together.count(True) == 0


def test_stopping_tells_the_running_tick_and_waits_for_it():
    entered, told, may_end = threading.Event(), threading.Event(), threading.Event()

    def job(stopping: threading.Event) -> None:
        entered.set()
        if stopping.wait(PATIENCE):
            told.set()
        may_end.wait(PATIENCE)

    ticker = Ticker(job, HOURLY, timedelta(0))
    ticker.start()
    assert entered.wait(PATIENCE)
    stopper = threading.Thread(target=ticker.stop)
    stopper.start()
    assert told.wait(PATIENCE)
    stopper.join(0.05)
    assert stopper.is_alive()
    may_end.set()
    stopper.join(PATIENCE)
    assert not stopper.is_alive()


def test_a_run_that_waits_when_the_ticker_stops_is_not_made():
    submitted, runs = Count(), Count()

    def job(stopping: threading.Event) -> None:
        runs.more()
        stopping.wait(PATIENCE)

    with ticking(job, submitted=submitted):
        assert submitted.reached(2)
    assert runs.value == 1


def test_stopping_ends_the_scheduler():
    runs = Count()
    with ticking(lambda _stopping: _discard(runs.more())):
        assert runs.reached(2)
    assert [thread.name for thread in threading.enumerate() if thread.name == "APScheduler"] == []


def test_a_failing_run_is_logged_and_the_next_boundary_gets_its_chance():
    runs = Count()

    def job(_stopping: threading.Event) -> None:
        if runs.more() == 1:
            raise RuntimeError("the database went away")

    with capture_logs() as logs, ticking(job):
        assert runs.reached(3)
    assert [(entry["event"], entry["log_level"], entry["exc_info"]) for entry in logs] == [
        ("tick failed", "error", True)
    ]


def test_a_ticker_that_was_never_started_can_be_stopped():
    Ticker(lambda _: None, TINY, timedelta(0)).stop()
