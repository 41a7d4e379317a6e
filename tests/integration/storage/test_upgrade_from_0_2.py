"""A database that okrbridge 0.2.0 filled: after the upgrade its numbers stand, and the next tick goes on from them."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Connection, MetaData, Table, delete, insert, text
from tests.fakes.telemetry import RememberingTelemetry
from tests.integration.storage.earlier_schemas import make_schema
from tests.unit.storage.schema_comparison import differences

from okrbridge.application.evaluate import Evaluator
from okrbridge.application.parts import Parts
from okrbridge.application.ports import Counted, CountRequest
from okrbridge.application.records import ProgressRecord
from okrbridge.application.snapshot import SnapshotHolder
from okrbridge.definitions.loader import load
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.pacing import SteadyStatus
from okrbridge.domain.windows import EPOCH, Grid, Interval, epoch_seconds, from_epoch
from okrbridge.errors import SchemaOutdatedError
from okrbridge.sources.simulated.source import SimulatedSource
from okrbridge.storage.address import DatabaseAddress
from okrbridge.storage.database import open_database
from okrbridge.storage.engine import begin_writing, make_engine
from okrbridge.storage.migrations import runner

pytestmark = pytest.mark.integration

FOLDER = Path(__file__).parents[2] / "data" / "release_0_2_0"
ANCHOR = 1_795_300_000
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
GRID = Grid(MINUTE)
AT = GRID.floor(from_epoch(ANCHOR))
"""The last tick of the release before."""
EVER = Interval(AT - 30 * DAY, AT + DAY)

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


class WatchedFleet(SimulatedSource):
    """The fleet that the release before counted, one minute later; it notes what it is asked to count."""

    def __init__(self) -> None:
        super().__init__("prometheus", GRID, f"simulated:{ANCHOR}", clock=lambda: AT + MINUTE + timedelta(seconds=12))
        self.asked: list[Interval] = []

    def count(self, requests: Sequence[CountRequest]) -> list[Counted]:
        self.asked += [request.interval for request in requests]
        return super().count(requests)


@pytest.fixture(scope="module")
def kept() -> Rows:
    """What the release before kept, by table."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.row_factory = sqlite3.Row
        database.executescript((FOLDER / "database.sql").read_text(encoding="utf-8"))
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: [dict(row) for row in database.execute(f"SELECT * FROM {name}")] for name in names}  # noqa: S608 - names of the file above


@pytest.fixture(scope="module")
def definitions() -> DefinitionSet:
    return load([FOLDER / "definitions.yaml"]).definitions


@pytest.fixture
def upgraded(empty_url: str, kept: Rows) -> str:
    """The URL of that database, upgraded by this release."""
    address = DatabaseAddress.parse(empty_url)
    if address.file is not None:
        with closing(sqlite3.connect(address.file)) as database, database:
            database.executescript((FOLDER / "database.sql").read_text(encoding="utf-8"))
    else:
        engine = make_engine(address)
        with engine.connect() as connection:
            begin_writing(connection)
            make_schema(connection, "0002")
            _copy(connection, kept)
            connection.commit()
        engine.dispose()
    assert runner.current(empty_url) == "0002"
    runner.upgrade(empty_url)
    runner.check(empty_url)
    return empty_url


def _copy(connection: Connection, kept: Rows) -> None:
    """Put rows of SQLite into the tables of another database."""
    for name, rows in kept.items():
        table = Table(name, MetaData(), autoload_with=connection)
        connection.execute(delete(table))
        texts = {column.name for column in table.columns if isinstance(column.type, JSON)}
        connection.execute(
            insert(table), [{key: json.loads(one) if key in texts else one for key, one in row.items()} for row in rows]
        )


def test_what_0_2_measured_is_there_after_the_upgrade(upgraded: str, kept: Rows, definitions: DefinitionSet):
    assert differences(upgraded) == []
    fleet = WatchedFleet().fleet
    by_name = {sli.name: sli for sli in definitions.slis}
    with closing(open_database(upgraded, grid=GRID)) as storage, storage.reading() as database:
        for days in (1, 3):
            window = Interval(AT - days * DAY, AT)
            truth = fleet.true_counts("api", epoch_seconds(window.start), epoch_seconds(window.end))
            [counts] = database.ledger.window_counts(by_name["api-requests"].key, [window])
            assert (counts.good, counts.total) == (truth.requests - truth.failed, truth.requests)
            search = fleet.true_counts("search", epoch_seconds(window.start), epoch_seconds(window.end))
            [counts] = database.ledger.window_counts(by_name["search-quick"].key, [window])
            assert (counts.good, counts.total) == (search.by_bound["0.5"], search.requests)
            assert counts.measured == window.length
        for one in definitions.key_results:
            rows = [row for row in kept["progress"] if row["key_result"] == one.id]
            assert len(rows) == 5
            found = database.progress.history(one.id, EVER, 100)
            assert [_row_of(record) for record in found] == sorted(rows, key=lambda row: row["at_us"])
            last = database.progress.latest_good([one.id], AT)[one.id]
            assert (last.at, last.value, last.details) == (AT, rows[-1]["value"], {})
        assert [one.number for one in database.definitions.revisions("Objective", "reliable")] == [1]


def _row_of(record: ProgressRecord) -> dict[str, Any]:
    """A record as the release before kept it."""
    return {
        "key_result": record.key_result,
        "at_us": (record.at - EPOCH) // timedelta(microseconds=1),
        "value": record.value,
        "raw_ratio": record.raw_ratio,
        "progress_ratio": record.progress_ratio,
        "expected_ratio": record.expected_ratio,
        "gap_ratio": record.gap_ratio,
        **_status_of(record.status),
        "quality": str(record.quality),
        "measured_at_us": (record.measured_at - EPOCH) // timedelta(microseconds=1) if record.measured_at else None,
        "evaluation_id": record.evaluation_id,
    }


def _status_of(status: SteadyStatus) -> dict[str, Any]:
    candidate = None if status.candidate is None else str(status.candidate)
    return {"status": str(status.shown), "status_candidate": candidate, "status_seen": status.seen}


def test_the_next_tick_counts_one_more_minute_and_no_other(upgraded: str, kept: Rows, definitions: DefinitionSet):
    source, now = WatchedFleet(), AT + MINUTE
    with closing(open_database(upgraded, grid=GRID)) as storage:
        clock = lambda: now + timedelta(seconds=12)  # noqa: E731 - a clock that stands
        parts = Parts(storage, {"prometheus": source}, GRID, clock, RememberingTelemetry())
        snapshot = Evaluator(parts, definitions, SnapshotHolder()).tick(now)
        assert set(source.asked) == {Interval(AT, now)}

        truth = source.fleet.true_counts("api", epoch_seconds(now - DAY), epoch_seconds(now))
        report = snapshot.slo_by_name["api-availability"]
        assert (report.counts.good, report.counts.total) == (truth.requests - truth.failed, truth.requests)
        assert (str(report.state), report.counts.measured) == ("ok", DAY)
        # All 288 slices of five minutes were good before, and are now.
        sliced = snapshot.slo_by_name["search-latency"].counts
        assert [sliced.good, sliced.total] == pytest.approx([288, 288])

        uptime = snapshot.key_result_by_id["reliable/uptime"]
        to_date = source.fleet.true_counts("api", epoch_seconds(uptime.key_result.period.start), epoch_seconds(now))
        good_ratio = 1 - to_date.failed / to_date.requests
        assert uptime.progress.value == pytest.approx(good_ratio, abs=1e-12)
        # From 99.9 % to 99.99 %.
        assert uptime.progress.progress_ratio == pytest.approx((good_ratio - 0.999) / 0.0009, abs=1e-8)
        before = {row["key_result"]: row for row in kept["progress"] if from_epoch(row["at_us"] // 10**6) == AT}
        assert {one.key_result.id: str(one.status) for one in snapshot.key_results} == {
            name: row["status"] for name, row in before.items()
        }
        with storage.reading() as database:
            history = {one.id: database.progress.history(one.id, EVER, 100) for one in definitions.key_results}
    assert {name: len(records) for name, records in history.items()} == dict.fromkeys(history, 6)
    assert all(records[-1].at == now and records[-1].quality == "ok" for records in history.values())


def test_a_database_of_0_2_is_refused_until_it_is_upgraded(empty_url: str):
    engine = make_engine(DatabaseAddress.parse(empty_url))
    with engine.connect() as connection:
        begin_writing(connection)
        make_schema(connection, "0002")
        connection.commit()
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0002"
    engine.dispose()
    with pytest.raises(SchemaOutdatedError, match=r"older okrbridge .schema 0002.*okrbridge db upgrade"):
        runner.ensure_ready(empty_url)
