"""The ledger's past: filled beside a running server, healed when samples come late, forgotten when it is old."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.acceptance.known_fleet import epoch, now, slo_document, steps
from tests.acceptance.okrbridge_process import OkrbridgeServer, okrbridge
from tests.servers.programs import wait_until
from tests.servers.prometheus import PrometheusServer

from okrbridge.definitions.loader import load
from okrbridge.domain.ledger import Slices
from okrbridge.domain.windows import Grid, Interval
from okrbridge.storage.database import open_database

pytestmark = pytest.mark.timeout(180)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GRID = Grid(timedelta(minutes=1))


def samples(since: datetime, until: datetime, begin: datetime) -> dict[str, list[tuple[float, float]]]:
    """Ten requests a minute since ``begin``, one of them bad: the samples from ``since`` up to ``until``."""
    minutes = round((until - begin) / GRID.step)
    all_of = {
        'requests_total{code="200"}': steps(begin, minutes, 9),
        'requests_total{code="500"}': steps(begin, minutes, 1),
    }
    return {name: [point for point in points if epoch(since) <= point[0]] for name, points in all_of.items()}


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[PrometheusServer]:
    server = PrometheusServer(tmp_path / "prometheus")
    yield server
    server.stop()


def shop(folder: Path, prometheus: PrometheusServer, window: str) -> Path:
    """One SLO over the last days."""
    rolling = f"[{{duration: {window}, isRolling: true}}]"
    return slo_document(folder / "config", prometheus=prometheus.url, window=rolling)


def stored(config: Path, database: str, interval: Interval) -> Slices:
    """What the ledger holds of the only SLI."""
    [sli] = load([config]).definitions.slis
    with closing(open_database(database, grid=GRID)) as storage, storage.reading() as reading:
        return reading.ledger.slices(sli.key, interval)


def test_a_backfill_beside_a_running_server_counts_nothing_twice(prometheus, serve, tmp_path):
    today = now()
    prometheus.backfill(samples(today - 6 * DAY, today + HOUR, today - 6 * DAY))
    prometheus.start()
    config, database = shop(tmp_path, prometheus, "5d"), f"sqlite:///{tmp_path}/okrbridge.db"
    server: OkrbridgeServer = serve(config).start()
    done = okrbridge("backfill", "--config", str(config), "--database-url", database, "--from", "5d", timeout=120)
    assert done.returncode == 0, done.stderr
    wait_until(
        lambda: server.slo("shop-availability")["coverage_ratio"] >= 1, what="the window being full", seconds=100
    )
    item = server.slo("shop-availability")
    # Five days of ten requests a minute.
    assert (item["total"], item["bad"]) == (5 * 1440 * 10, 5 * 1440)
    again = okrbridge("backfill", "--config", str(config), "--database-url", database, "--from", "5d", "--again")
    assert again.returncode == 0, again.stderr
    slices = stored(config, database, Interval(today - 4 * DAY, today - DAY))
    assert (slices.total.sum(), len(slices)) == (3 * 1440 * 10, 3 * 1440)


def test_a_gap_heals_when_its_samples_arrive_and_no_event_counts_twice(prometheus, serve, tmp_path):
    today = now()
    begin, lost, found = today - 6 * HOUR, today - 3 * HOUR, today - 2 * HOUR
    prometheus.backfill(samples(begin, lost, begin))
    prometheus.backfill(samples(found, today + HOUR, begin))
    prometheus.start()
    config, database = shop(tmp_path, prometheus, "1d"), f"sqlite:///{tmp_path}/okrbridge.db"
    first = serve(config, OKRBRIDGE_LATE_SECONDS="1").start()
    wait_until(lambda: _is_asked(first), what="the window being asked for", seconds=60)
    before = first.slo("shop-availability")
    assert first.terminate() == 0
    # A series is live for five minutes after its last sample.
    gap = stored(config, database, Interval(lost + 5 * GRID.step, found - GRID.step))
    assert not gap.measured.any()

    prometheus.stop()
    prometheus.backfill(samples(lost, found, begin))
    prometheus.start()
    second = serve(config, OKRBRIDGE_LATE_SECONDS="1").start()

    def healed() -> Slices:
        return stored(config, database, Interval(lost + GRID.step, found))

    wait_until(lambda: bool(healed().measured.all()), what="the gap being filled", seconds=60)
    # The lost hour was counted in the slice in which the counter came back; now it is in its own minutes, and once.
    around = stored(config, database, Interval(lost - 10 * GRID.step, found + 10 * GRID.step))
    assert around.total.sum() == 80 * 10, around.total.tolist()
    assert around.total.max() <= 60
    wait_until(lambda: _coverage(second) > before["coverage_ratio"], what="the coverage being higher", seconds=90)
    after = second.slo("shop-availability")
    # The window has moved on, but never past the first sample: it grew by ten requests a minute.
    moved_on = datetime.fromisoformat(after["evaluated_at"]) - datetime.fromisoformat(before["evaluated_at"])
    assert after["total"] == before["total"] + 10 * (moved_on / GRID.step)


def _coverage(server: OkrbridgeServer) -> float:
    return float(server.slo("shop-availability")["coverage_ratio"])


def _is_asked(server: OkrbridgeServer) -> bool:
    return any(line["event"] == "history filled" and line["share"] >= 1 for line in server.log_lines())


def test_old_slices_are_forgotten_and_no_window_notices(prometheus, serve, tmp_path):
    today = now()
    prometheus.backfill(samples(today - 8 * DAY, today + HOUR, today - 8 * DAY))
    prometheus.start()
    config, database = shop(tmp_path, prometheus, "1d"), f"sqlite:///{tmp_path}/okrbridge.db"
    done = okrbridge("backfill", "--config", str(config), "--database-url", database, "--from", "7d", timeout=120)
    assert done.returncode == 0, done.stderr
    older = Interval(today - 7 * DAY, today - 5 * DAY)
    assert len(stored(config, database, older)) == 2 * 1440
    server = serve(config, OKRBRIDGE_RETENTION_SLICES="3d", OKRBRIDGE_RETENTION_HOURS="3d").start()
    wait_until(lambda: len(stored(config, database, older)) == 0, what="old slices being forgotten", seconds=60)
    # Three days are kept, and the day beyond.
    assert len(stored(config, database, Interval(today - 4 * DAY, today))) == 4 * 1440
    item = server.slo("shop-availability")
    assert (item["total"], item["bad"], item["coverage_ratio"]) == (14_400, 1440, 1.0)
