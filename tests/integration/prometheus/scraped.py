"""What a Prometheus would have scraped: samples of made-up targets, for writing history by hand."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from okrbridge.application.ports import Counted, CountRequest
from okrbridge.domain.ledger import SliceState
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Grid, Interval, from_epoch
from okrbridge.sources.prometheus.batches import Batches, Bounds
from okrbridge.sources.prometheus.carry.carrying import POINTS_PER_ANSWER, Carry
from okrbridge.sources.prometheus.expressions import AsWritten
from okrbridge.sources.prometheus.http.client import PrometheusClient
from okrbridge.sources.prometheus.http.connection import Connection
from okrbridge.sources.prometheus.push_down.push_down import PushDown
from okrbridge.sources.prometheus.push_down.walking import MOST_SERIES, Walker
from okrbridge.sources.prometheus.readers import RowReader

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


def asking(*jobs: str, start: float, end: float, measured_until: float | None = None) -> CountRequest:
    """A request for several cases, in seconds after START."""
    known = None if measured_until is None else from_epoch(START + measured_until)
    return CountRequest(tuple(map(sli, jobs)), between(start, end), known)


def bad_and_total(counted: Counted, row: int = 0) -> list[tuple[float, float] | None]:
    """Bad and total events of each slice of an SLI that did not fail; None for a gap."""
    assert not counted.failures
    table = counted.table
    assert SliceState.UNKNOWN not in table.states
    slices = zip(table.good[row].tolist(), table.total[row].tolist(), table.states[row].tolist(), strict=True)
    return [(total - good, total) if state == SliceState.MEASURED else None for good, total, state in slices]


@contextmanager
def pushing_down(
    url: str,
    bounds: Bounds | None = None,
    *,
    seconds: float = 5,
    replica_labels: Sequence[str] = (),
    most_odd: int = MOST_SERIES,
) -> Iterator[PushDown]:
    """Counting on a server by letting it subtract and sum.

    Args:
        seconds: the longest a question may take.
        most_odd: as for ``ways_at``.
    """
    with ways_at(url, bounds, seconds=seconds, replica_labels=replica_labels, most_odd=most_odd) as ways:
        yield ways.push_down


@dataclass(frozen=True)
class Ways:
    """Counting on one server, pushed down and as written."""

    push_down: PushDown
    as_written: AsWritten


@contextmanager
def ways_at(
    url: str,
    bounds: Bounds | None = None,
    *,
    seconds: float = 5,
    largest_answer: int = 64 * 1024 * 1024,
    replica_labels: Sequence[str] = (),
    most_odd: int = MOST_SERIES,
) -> Iterator[Ways]:
    """Two ways of counting that share questions, two under way at once.

    Args:
        most_odd: how many series on odd targets are read for some slices.
    """
    client = PrometheusClient(
        "prom", Connection(url), deadline=timedelta(seconds=seconds), largest_answer=largest_answer
    )
    with ThreadPoolExecutor(2) as pool:
        batches = Batches(RowReader(client), pool, bounds)
        walker = Walker(batches, Carry(client, GRID, pool, replica_labels=replica_labels), MINUTE, most_odd)
        yield Ways(PushDown(batches, GRID, walker, replica_labels=replica_labels), AsWritten(batches, GRID))
    client.close()


@contextmanager
def carrying(
    url: str,
    *,
    step: timedelta = MINUTE,
    replica_labels: Sequence[str] = (),
    points_per_answer: int = POINTS_PER_ANSWER,
    most_slices: int = 10_000,
) -> Iterator[Carry]:
    """Counting on a server by carrying series in this process; the bounds of one answer are those of ``Carry``."""
    client = PrometheusClient("prom", Connection(url), deadline=timedelta(seconds=5))
    with ThreadPoolExecutor(4) as pool:
        yield Carry(
            client,
            Grid(step),
            pool,
            replica_labels=replica_labels,
            points_per_answer=points_per_answer,
            most_slices=most_slices,
        )
    client.close()
