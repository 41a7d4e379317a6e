"""Every implementation of the MetricSource port, each over a stretch of time in which its counters are known."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tests.fakes.scripted_source import ScriptedSource
from tests.servers.prometheus import PrometheusServer

from okrbridge.application.ports import CountRequest, MetricSource, SourceFailure
from okrbridge.domain.definition_set import DataSource
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Grid, Interval, epoch_seconds, from_epoch
from okrbridge.errors import SourceFailureReason
from okrbridge.sources.prometheus.declaration import from_declaration
from okrbridge.sources.simulated.source import SimulatedSource

MINUTE = timedelta(minutes=1)
GRID = Grid(MINUTE)
TOTAL = 'http_requests_total{service="api"}'
BAD = 'http_requests_total{service="api",code=~"5.."}'
API = Sli("api", "source", total=TOTAL, bad=BAD)
SEARCHES = 'http_requests_total{service="search"}'
FOUND = 'http_requests_total{service="search",code="200"}'
SEARCH = Sli("search", "source", total=SEARCHES, good=FOUND)


def minutes(start: datetime, first: int, last: int) -> Interval:
    """From the first to the last minute after a start; minutes before it are negative."""
    return Interval(start + first * MINUTE, start + last * MINUTE)


@dataclass(frozen=True)
class SourceUnderTest:
    """A source and what it can be asked.

    Attributes:
        first_data: a boundary; there is no data before it, and ten minutes of it after.
        one_number: an expression and its value at ``first_data`` + 10 minutes.
        nothing: an expression without a value.
        refused: what no expression may be.
        several_series: an expression with more than one series.
        uncountable: an SLI that the source cannot count; None where it counts every one.
    """

    source: MetricSource
    first_data: datetime
    one_number: tuple[str, float]
    nothing: str
    refused: str
    several_series: str
    uncountable: Sli | None = None

    def counting(self, first: int, last: int, *slis: Sli) -> CountRequest:
        """A request in minutes after the first data; for the API when no SLI is named."""
        return CountRequest(slis or (API,), minutes(self.first_data, first, last))

    @property
    def late(self) -> datetime:
        """An instant when everything is known."""
        return self.first_data + 10 * MINUTE


@contextmanager
def scripted(_folder: Path) -> Iterator[SourceUnderTest]:
    """The fake of the unit tests, which must behave as the real ones do."""
    start = from_epoch(1_700_000_040)
    refusal = SourceFailure(SourceFailureReason.BAD_QUERY, "parse error")
    several = SourceFailure(SourceFailureReason.TOO_MANY_SERIES, "2 series, one is needed")
    source = ScriptedSource(
        lambda _sli, at: (9.0, 10.0) if at >= epoch_seconds(start) else None,
        readings={"one": 7.0},
        reading_failures={"refused": refusal, "several": several},
    )
    yield SourceUnderTest(source, start, ("one", 7.0), nothing="nothing", refused="refused", several_series="several")


@contextmanager
def simulated(_folder: Path) -> Iterator[SourceUnderTest]:
    """The built-in fleet, at the begin of its history."""
    anchor = 1_795_300_000
    source = SimulatedSource("source", GRID, f"simulated:{anchor}", clock=lambda: from_epoch(anchor))
    yield SourceUnderTest(
        source,
        from_epoch(source.fleet.begins),
        one_number=("count(up) * 0 + 7", 7.0),
        nothing="absent_metric",
        refused="sum(",
        several_series="http_requests_total",
        uncountable=Sli("rate", "source", total="sum(rate(http_requests_total[5m]))", bad=BAD),
    )


@contextmanager
def prometheus(folder: Path) -> Iterator[SourceUnderTest]:
    """A real server with eleven minutes of history; 10 requests a minute, 1 of them failed."""
    start = 1_700_000_040
    server = PrometheusServer(folder)
    scrapes = [start + 15 + 15 * number for number in range(48)]
    target = 'job="shop",instance="pod-1"'
    server.backfill(
        {
            f"up{{{target}}}": [(at, 1.0) for at in scrapes],
            f"process_start_time_seconds{{{target}}}": [(at, start - 86_400.0) for at in scrapes],
            f'http_requests_total{{{target},service="api",code="200"}}': _growing(scrapes, 9),
            f'http_requests_total{{{target},service="api",code="500"}}': _growing(scrapes, 1),
            f'http_requests_total{{{target},service="search",code="200"}}': _growing(scrapes, 5),
        }
    )
    with server:
        source = from_declaration(DataSource("source", "Prometheus", {"url": server.url}), GRID, environment={})
        yield SourceUnderTest(
            source,
            from_epoch(start),
            one_number=("sum(up) * 0 + 7", 7.0),
            nothing="absent_metric",
            refused="sum(",
            several_series="http_requests_total",
            uncountable=Sli("broken", "source", total="http_requests_total{", bad=BAD),
        )
        source.close()


def _growing(scrapes: list[int], each_minute: float) -> list[tuple[float, float]]:
    """A counter that grows once in the last quarter of every minute."""
    return [(at, 100.0 + each_minute * (number // 4)) for number, at in enumerate(scrapes, start=1)]
