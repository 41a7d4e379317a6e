"""What the fleet goes through: its load, its failures and its latency, as functions of the minute.

The load follows the calendar. Failures and latency are told relative to an anchor, the instant the demo calls
"now", so that every run shows the same plot: an API that spends its budget in short bursts, a search whose
latency has been slipping for three days, payments that are fine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from okrbridge.sources.simulated.chance import key, pick, uniform
from okrbridge.sources.simulated.schedule import DAY, MINUTE, PODS_PER_SERVICE

Instants = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]

BOUNDS = ("0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "+Inf")
"""Upper bounds of the latency buckets in seconds, spelled as every version of Prometheus keeps them in ``le``."""

_UTC_OFFSET = 3600
_MONTH = 30 * DAY
_THURSDAY_TO_MONDAY = 3


@dataclass(frozen=True, slots=True)
class Plot:
    """One service's part.

    Attributes:
        peak_per_minute: requests at the busiest hour of a working day.
        failing: share of requests that fail on a quiet minute.
        not_found: share of requests answered 404, which is no failure of the service.
        burst_days: how many days pass from one error burst to the next.
        burst_failing: share of requests that fail in a burst, from and to.
        recent_burst: share that fails in the mild burst that ended shortly before the anchor.
        slow_then, slow_now: share of requests slower than each finite bound, a month before the anchor and at it.
        slow_lately: the same over the last three days, where it differs.
    """

    peak_per_minute: float
    failing: float
    not_found: float
    burst_days: int
    burst_failing: tuple[float, float]
    recent_burst: float
    slow_then: tuple[float, ...]
    slow_now: tuple[float, ...]
    slow_lately: tuple[float, ...] | None = None


PLOTS: Mapping[str, Plot] = MappingProxyType(
    {
        "api": Plot(
            peak_per_minute=3000,
            failing=0.00027,
            not_found=0.02,
            burst_days=2,
            burst_failing=(0.018, 0.032),
            recent_burst=0.012,
            slow_then=(0.60, 0.30, 0.080, 0.0230, 0.0078, 0.0010),
            slow_now=(0.55, 0.25, 0.050, 0.0142, 0.0040, 0.0004),
        ),
        "search": Plot(
            peak_per_minute=1200,
            failing=0.0008,
            not_found=0.005,
            burst_days=3,
            burst_failing=(0.02, 0.05),
            recent_burst=0.0,
            slow_then=(0.30, 0.10, 0.0060, 0.0012, 0.0002, 0.00002),
            slow_now=(0.30, 0.10, 0.0060, 0.0012, 0.0002, 0.00002),
            slow_lately=(0.36, 0.14, 0.0210, 0.0030, 0.0004, 0.00004),
        ),
        "payments": Plot(
            peak_per_minute=600,
            failing=0.00012,
            not_found=0.001,
            burst_days=7,
            burst_failing=(0.002, 0.004),
            recent_burst=0.0,
            slow_then=(0.75, 0.45, 0.070, 0.010, 0.0020, 0.0002),
            slow_now=(0.70, 0.40, 0.060, 0.008, 0.0015, 0.0002),
        ),
    }
)

_LATELY = 3 * DAY
RECENT_BURST = (70 * MINUTE, 40 * MINUTE)
"""The mild burst of an hour ago: seconds before the anchor at which it begins and ends."""
_QUIET_BEFORE_ANCHOR = 6 * 3600
_SHORTEST_BURST, _LONGEST_BURST = 20, 40


@dataclass(frozen=True, slots=True)
class Story:
    """The plot of every service around an anchor.

    Attributes:
        seed: another seed tells the same plot with other minutes.
        anchor: epoch seconds of the instant the plot leads up to.
    """

    seed: int
    anchor: int

    def requests(self, service: str, minutes: Instants) -> Shares:
        """Mean number of requests a pod gets in each minute."""
        local = minutes + _UTC_OFFSET
        day_share = (local % DAY) / DAY
        daily = 0.25 + 0.75 * (0.5 - 0.5 * np.cos(2 * np.pi * (day_share - 3 / 24)))
        weekend = (local // DAY + _THURSDAY_TO_MONDAY) % 7 >= 5
        wobble = 0.95 + 0.1 * uniform(key(self.seed, service, "load"), minutes)
        return PLOTS[service].peak_per_minute / PODS_PER_SERVICE * daily * np.where(weekend, 0.6, 1.0) * wobble

    def failing(self, service: str, minutes: Instants) -> Shares:
        """Share of requests that fail in each minute."""
        shares = np.full(len(minutes), PLOTS[service].failing)
        if len(minutes):
            for start, end, share in self.bursts(service, int(minutes[0]), int(minutes[-1])):
                shares[(minutes >= start) & (minutes < end)] = share
        return shares

    def slower(self, service: str, minutes: Instants) -> Shares:
        """Share of requests slower than each finite bound; one row a minute."""
        plot = PLOTS[service]
        way = np.clip((minutes - (self.anchor - _MONTH)) / _MONTH, 0.0, 1.0)[:, np.newaxis]
        shares: Shares = (1 - way) * np.array(plot.slow_then) + way * np.array(plot.slow_now)
        if plot.slow_lately is not None:
            shares[minutes >= self.anchor - _LATELY] = plot.slow_lately
        return shares

    def bursts(self, service: str, start: int, end: int) -> Iterator[tuple[int, int, float]]:
        """The error bursts that overlap ``[start, end]``: from, until, and the share that fails meanwhile.

        They fall on working hours, every so many days counted back and forth from the anchor's day; the hours
        before the anchor are kept free of them, but for the mild recent one.
        """
        plot = PLOTS[service]
        today = self.anchor // DAY
        first = start // DAY - 1
        for day in range(first, end // DAY + 1):
            if (today - day) % plot.burst_days == plot.burst_days - 1:
                burst = self._burst(service, plot, day)
                if burst[1] > start and burst[0] <= end and not self._too_near(burst[1]):
                    yield burst
        if plot.recent_burst:
            yield self.anchor - RECENT_BURST[0], self.anchor - RECENT_BURST[1], plot.recent_burst

    def _burst(self, service: str, plot: Plot, day: int) -> tuple[int, int, float]:
        subject = (self.seed, service, day, "burst")
        start = day * DAY + (8 * 60 + pick(9 * 60, *subject, "start")) * MINUTE
        length = _SHORTEST_BURST + pick(_LONGEST_BURST - _SHORTEST_BURST + 1, *subject, "length")
        low, high = plot.burst_failing
        share = low + (high - low) * pick(1000, *subject, "share") / 1000
        return start, start + length * MINUTE, share

    def _too_near(self, ended: int) -> bool:
        return self.anchor - _QUIET_BEFORE_ANCHOR < ended <= self.anchor + 3600
