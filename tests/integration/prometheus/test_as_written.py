"""Queries evaluated as written, on a real Prometheus. Slices are a minute long; scrapes stand on their ends."""

from collections.abc import Iterator

import pytest
from tests.integration.prometheus.scraped import START, between, ways_at
from tests.servers.prometheus import PrometheusServer

from okrbridge.application.ports import CountRequest
from okrbridge.domain.ledger import SliceState
from okrbridge.domain.sli import Sli, SliKind
from okrbridge.sources.prometheus.batches import Bounds
from okrbridge.sources.prometheus.expressions import AsWritten

pytestmark = pytest.mark.integration

PROBES = [1, 1, 0, 1, 1, 1, 1, 0, 0]
"""From second 0 on, every 20 s; the last at 160, so the third slice has samples at 140 and 160 alone."""


@pytest.fixture(scope="module")
def as_written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsWritten]:
    server = PrometheusServer(tmp_path_factory.mktemp("as-written"))
    server.backfill(
        {
            'probe_success{instance="a"}': [(START + 20 * n, float(value)) for n, value in enumerate(PROBES)],
            'sold{code="ok"}': [(START + 60, 7.0), (START + 120, 8.0), (START + 180, 9.0)],
            'sold{code="failed"}': [(START + 120, 2.0), (START + 180, 3.0)],
        }
    )
    with server, ways_at(server.url, Bounds(members=3)) as ways:
        yield ways.as_written


def made(kind: SliKind, query: str) -> Sli:
    return Sli(query, "prom", good=query, total=query, kind=kind)


SLIS: dict[Sli, list[tuple[float, float] | None]] = {
    # Samples at 20 40 60 | 80 100 120 | 140 160; the one at 60 is in the first slice only.
    made(SliKind.SAMPLES, "probe_success"): [(2, 3), (3, 3), (0, 2)],
    Sli("sold", "prom", bad='sum(sold{code="failed"})', total="sum(sold)", kind=SliKind.EXPRESSIONS): [
        (7, 7),  # no failed series yet
        (8, 10),
        (9, 12),
    ],
    made(SliKind.RATIO, 'sum(sold{code="ok"}) / sum(sold)'): [(1, 1), (0.8, 1), (0.75, 1)],
    made(SliKind.RATIO, "0.5 # a scalar"): [(0.5, 1), (0.5, 1), (0.5, 1)],
    Sli("limit", "prom", total='sold{code="ok"}', kind=SliKind.THRESHOLD, op="gte", limit=8): [(0, 1), (1, 1), (1, 1)],
    made(SliKind.RATIO, "nobody_knows_it"): [None, None, None],
    made(SliKind.RATIO, "0 / sum(sold * 0)"): [None, None, None],
}


@pytest.mark.parametrize("slices", [1, 3])
def test_each_kind_counts_what_was_derived_by_hand_in_batches_by_instant_and_by_range(as_written: AsWritten, slices):
    for first in range(0, 3, slices):
        interval = between(60 * first, 60 * (first + slices))
        counted = as_written.count(CountRequest(tuple(SLIS), interval))
        assert not counted.failures
        for row, (sli, expected) in enumerate(SLIS.items()):
            table = counted.table
            known = table.states[row] == SliceState.MEASURED
            pairs = zip(known.tolist(), table.good[row].tolist(), table.total[row].tolist(), strict=True)
            found: list[object] = [
                (pytest.approx(good), total) if measured else None for measured, good, total in pairs
            ]
            assert found == expected[first : first + slices], sli.name


def test_the_plan_is_what_is_asked_and_serves_every_sli(as_written: AsWritten):
    planned = as_written.plan(list(SLIS))
    assert {key for one in planned for key in one.sli_keys} == {sli.key for sli in SLIS}
    assert {one.method for one in planned} == {"as written"}
    assert len(planned) == 3  # nine queries, three at a time
