"""The ticker: APScheduler fires one job at every slice boundary, nothing more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from okrbridge.domain.windows import Grid

log = structlog.get_logger(__name__)


class GridTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """Fires at once, then at every boundary of the grid plus a delay.

    The first firing does not wait for a boundary, so that a fresh process has numbers as soon as it can.
    """

    def __init__(self, grid: Grid, delay: timedelta) -> None:
        self._grid = grid
        self._delay = delay

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """The next instant to fire at, after the previous one."""
        if previous_fire_time is None:
            return now
        utc = previous_fire_time.astimezone(UTC)
        return self._grid.floor(utc - self._delay) + self._grid.step + self._delay


class Ticker:
    """Runs a job at every boundary, one run at a time, in a thread of its own.

    A run that lasts past boundaries is followed by one run, not by one for each (``max_instances``: one runs, one
    waits for the only thread), and a run is never dropped for being late (``misfire_grace_time=None``): the job
    itself finds and fills what was missed.
    """

    def __init__(self, job: Callable[[threading.Event], None], grid: Grid, delay: timedelta) -> None:
        self.stopping = threading.Event()
        self._job = job
        self._scheduler = BackgroundScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(1)})
        self._scheduler.add_job(
            self._run,
            GridTrigger(grid, delay),
            id="tick",
            name="tick",
            max_instances=2,
            coalesce=True,
            misfire_grace_time=None,
        )

    def start(self) -> None:
        """Begin; the first run starts at once."""
        self._scheduler.start()

    def stop(self) -> None:
        """Let a running tick finish, and end; history filling stops after its current chunk."""
        self.stopping.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def _run(self) -> None:
        if self.stopping.is_set():
            return
        try:
            self._job(self.stopping)
        except Exception:
            # The next boundary gets its chance whatever broke this one; the failure is counted and logged.
            log.exception("tick failed")
