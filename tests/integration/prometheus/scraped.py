"""What a Prometheus would have scraped: samples of made-up targets, for writing history by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from okrbridge.application.ports import CountRequest
from okrbridge.domain.ledger import Slices, SliceState
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Grid, Interval, from_epoch

MINUTE = timedelta(minutes=1)
GRID = Grid(MINUTE)
START = 1_700_000_040
"""A minute's boundary in November 2023; all times in these tests are seconds after it."""

History = dict[str, list[tuple[float, float]]]


@dataclass(frozen=True)
class Target:
    """One scraped process.

    Attributes:
        job: also what keeps the cases of one server apart.
        started: when the process started, in seconds after START.
        more: further target labels, as PromQL text that begins with a comma.
    """

    job: str
    instance: str = "pod-1"
    started: float = -86_400
    more: str = ""

    def scraped(
        self, at: Sequence[float], *, down: Sequence[float] = (), **counters: Sequence[float | None]
    ) -> History:
        """Samples of up, of the process' start and of counters by code; None where a series was not exposed yet."""
        labels = f'job="{self.job}",instance="{self.instance}"{self.more}'
        history = {
            f"up{{{labels}}}": sorted([*((START + t, 1.0) for t in at), *((START + t, 0.0) for t in down)]),
            f"process_start_time_seconds{{{labels}}}": [(START + t, START + self.started) for t in at],
        }
        for code, values in counters.items():
            series = f'http_requests_total{{{labels},code="{code.lstrip("_")}"}}'
            points = zip(at, values, strict=True)
            history[series] = [(START + t, float(value)) for t, value in points if value is not None]
        return history


def merged(*histories: Mapping[str, Sequence[tuple[float, float]]]) -> History:
    """All series of several histories; a series in two of them goes on in the second."""
    joined: History = {}
    for history in histories:
        for series, points in history.items():
            joined.setdefault(series, []).extend(points)
    return joined


def every(interval: int, *, first: int, count: int) -> list[int]:
    """Times of scrapes."""
    return [first + interval * number for number in range(count)]


def sli(job: str) -> Sli:
    """Errors among all requests of one case."""
    selector = f'http_requests_total{{job="{job}"'
    return Sli(name=job, source="prom", bad=f'{selector},code="500"}}', total=f"{selector}}}")


def between(start: float, end: float) -> Interval:
    """An interval in seconds after START."""
    return Interval(from_epoch(START + start), from_epoch(START + end))


def asking(job: str, start: float, end: float, *, last_measured_end: float | None = None) -> CountRequest:
    """A request in seconds after START."""
    last = None if last_measured_end is None else from_epoch(START + last_measured_end)
    return CountRequest(sli(job), between(start, end), last)


def bad_and_total(slices: Slices | None) -> list[tuple[float, float] | None]:
    """Bad and total events of each slice; None for a gap."""
    assert slices is not None
    rows = zip(slices.good.tolist(), slices.total.tolist(), slices.states.tolist(), strict=True)
    return [(total - good, total) if state == SliceState.MEASURED else None for good, total, state in rows]
