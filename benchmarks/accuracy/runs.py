"""How okrbridge comes to its answer in each scenario, and which servers hold the samples."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from tests.servers.prometheus import PrometheusServer
from tests.servers.prometheus import backfill as make_blocks
from tests.servers.victoria_metrics import VictoriaMetricsServer

from benchmarks.accuracy.product import Measured, Product
from benchmarks.accuracy.proxy import Proxy
from benchmarks.accuracy.samples import Series, openmetrics, scraped
from benchmarks.accuracy.scenarios import END, HOUR, MINUTE, OUTAGE, Run, Scenario
from benchmarks.accuracy.ticking import Arrivals, ticked

_MEMORY = "1GB"
"""Of VictoriaMetrics: enough for a day of all series at once."""

ON_VICTORIA_METRICS = (Run.VICTORIA_METRICS, Run.LATE)


@dataclass(frozen=True, eq=False)
class Servers:
    """The servers of one run.

    Attributes:
        folder: for everything else that is written.
        prometheus: holds all scenarios but those of the others.
        replicas: a pair of which both have the scenario of the alternating pair.
    """

    folder: Path
    prometheus: str
    replicas: tuple[str, str]
    victoria_metrics: VictoriaMetricsServer

    def url(self, scenario: Scenario) -> str:
        """The server that other engines ask."""
        if scenario.run in ON_VICTORIA_METRICS:
            return self.victoria_metrics.url
        return self.replicas[0] if scenario.run is Run.REPLICAS else self.prometheus


@contextmanager
def servers(folder: Path, scenarios: Sequence[Scenario], told: Callable[[str], None]) -> Iterator[Servers]:
    """Servers with the samples of the scenarios; late samples are not there yet."""
    with ExitStack() as stack:
        told("writing the samples into Prometheus")
        of_one = [one for one in scenarios if one.run not in (*ON_VICTORIA_METRICS, Run.REPLICAS)]
        main = stack.enter_context(_prometheus(folder / "prometheus", map(_all, of_one)))
        first, second = (
            stack.enter_context(_prometheus(folder / f"replica-{turn}", _of_replica(scenarios, turn)))
            for turn in (0, 1)
        )
        told("writing the samples into VictoriaMetrics")
        victoria_metrics = stack.enter_context(VictoriaMetricsServer(folder / "victoria-metrics", memory=_MEMORY))
        for one in scenarios:
            if one.run is Run.VICTORIA_METRICS:
                victoria_metrics.load(_by_name(_all(one)))
        yield Servers(folder, main.url, (first.url, second.url), victoria_metrics)


def _of_replica(scenarios: Sequence[Scenario], turn: int) -> Iterator[list[Series]]:
    """What one of the pair has scraped."""
    for one in scenarios:
        if one.run is Run.REPLICAS:
            yield scraped(one.scrapers[turn : turn + 1], one.targets, one.simulated)


def _all(scenario: Scenario) -> list[Series]:
    return scraped(scenario.scrapers, scenario.targets, scenario.simulated)


def _by_name(series: Sequence[Series]) -> dict[str, list[tuple[float, float]]]:
    """The samples as the servers of the tests take them."""
    return {one.name: list(zip(one.at.tolist(), one.values.tolist(), strict=True)) for one in series}


def _prometheus(folder: Path, scraped_of_each: Iterable[list[Series]]) -> PrometheusServer:
    server = PrometheusServer(folder)
    text = openmetrics(itertools.chain.from_iterable(scraped_of_each))
    make_blocks(server.data_folder, text)
    return server


def measured(servers: Servers, scenarios: Sequence[Scenario], told: Callable[[str], None]) -> dict[str, Measured]:
    """The answers of okrbridge, by scenario."""
    return _measured(_Runs(servers), scenarios, told)


def measured_pushed_down(
    servers: Servers, scenarios: Sequence[Scenario], told: Callable[[str], None]
) -> dict[str, Measured]:
    """The answers when the servers subtract and sum, however few series there are.

    What kills okrbridge is left out: it is about the ledger.
    """
    chosen = [one for one in scenarios if one.run is not Run.KILLED]
    return _measured(_Runs(servers, pushes_down=True), chosen, lambda what: told(f"{what}, pushed down"))


@dataclass(frozen=True, eq=False)
class _Runs:
    """Makes an okrbridge for some scenarios.

    Attributes:
        pushes_down: whether their source subtracts and sums.
    """

    servers: Servers
    pushes_down: bool = False

    def product(self, name: str, url: str, scenarios: Sequence[Scenario]) -> Product:
        """One with an empty database."""
        suffix = "-pushed-down" if self.pushes_down else ""
        return Product(self.servers.folder / f"okrbridge-{name}{suffix}", url, scenarios, self.pushes_down)

    def of(self, scenario: Scenario, url: str) -> Product:
        """One of a single scenario."""
        return self.product(scenario.name, url, [scenario])


def _measured(runs: _Runs, scenarios: Sequence[Scenario], told: Callable[[str], None]) -> dict[str, Measured]:
    found: dict[str, Measured] = {}
    servers = runs.servers
    for run, url in ((Run.ONCE, servers.prometheus), (Run.VICTORIA_METRICS, servers.victoria_metrics.url)):
        if chosen := [one for one in scenarios if one.run is run]:
            told(f"okrbridge: {run}")
            found |= runs.product(run.name.lower(), url, chosen).evaluate(END)
    for one in scenarios:
        if one.run in _SEQUENCES:
            told(f"okrbridge: {one.run}")
            found[one.name] = _SEQUENCES[one.run](runs, one)
    return found


def _source_down(runs: _Runs, scenario: Scenario) -> Measured:
    begin, end = (int(at) // MINUTE * MINUTE for at in (OUTAGE.start, OUTAGE.end))
    with Proxy([runs.servers.prometheus]).serving() as proxy:
        product = runs.of(scenario, proxy.url)
        product.evaluate(begin)
        proxy.is_down = True
        for at in (begin + 30 * MINUTE, begin + 31 * MINUTE):
            product.evaluate(at, may_fail=True)
        proxy.is_down = False
        for at in (end + MINUTE, end + 2 * MINUTE):
            product.evaluate(at)
        return product.evaluate(END)[scenario.name]


def _absent(runs: _Runs, scenario: Scenario) -> Measured:
    product = runs.of(scenario, runs.servers.prometheus)
    for at in (END - 6 * HOUR, END - 6 * HOUR + MINUTE, END - 3 * HOUR, END - 3 * HOUR + MINUTE):
        product.evaluate(at)
    return product.evaluate(END)[scenario.name]


def _killed(runs: _Runs, scenario: Scenario) -> Measured:
    product = runs.of(scenario, runs.servers.prometheus)
    for _ in range(2):
        if not product.evaluate_until_killed(END, product.blocks() + 1):
            raise RuntimeError("okrbridge had filled the window before it could be killed")
    return product.evaluate(END)[scenario.name]


def _replicas(runs: _Runs, scenario: Scenario) -> Measured:
    with Proxy(runs.servers.replicas).serving() as proxy:
        product = runs.of(scenario, proxy.url)
        for at in (END - 6 * HOUR, END - 6 * HOUR + MINUTE, END - 3 * HOUR):
            product.evaluate(at)
        return ticked(product, scenario)


def _late(runs: _Runs, scenario: Scenario) -> Measured:
    victoria_metrics = runs.servers.victoria_metrics
    product = runs.of(scenario, victoria_metrics.url)

    def arrive(series: Sequence[Series]) -> None:
        victoria_metrics.load(_by_name(series))
        # VictoriaMetrics asks for this after samples of the past were imported.
        requests.get(f"{victoria_metrics.url}/internal/resetRollupResultCache", timeout=10).raise_for_status()

    return ticked(product, scenario, Arrivals(_all(scenario), arrive))


_SEQUENCES: dict[Run, Callable[[_Runs, Scenario], Measured]] = {
    Run.SOURCE_DOWN: _source_down,
    Run.ABSENT: _absent,
    Run.KILLED: _killed,
    Run.REPLICAS: _replicas,
    Run.LATE: _late,
}
