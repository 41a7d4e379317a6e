"""Histories over HTTP: ranges, steps, limits."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.unit.api import snapshots as made
from tests.unit.api.fakes import FakeDatabase, FakeLedger, FakeProgress, services

from okrbridge.api.app import create_app
from okrbridge.application.records import ProgressRecord, Quality
from okrbridge.domain.ledger import Slices, SliceState, SliceTable
from okrbridge.domain.pacing import KeyResultStatus, SteadyStatus
from okrbridge.domain.windows import Grid, epoch_seconds
from okrbridge.storage.memory import MemoryStorage

SLO = "/api/v1/slos/checkout-availability/history"
KEY_RESULT = "/api/v1/key-results/reliable-checkout/uptime/history"
END = epoch_seconds(made.AT)


def _minutes(count: int) -> Slices:
    """Minutes up to the evaluation, each 9 good of 10."""
    return Slices.of([(END - 60 * back, 9.0, 10.0, SliceState.MEASURED) for back in range(count, 0, -1)])


def _client(database: FakeDatabase | None = None) -> TestClient:
    return TestClient(create_app(services(database=database)))


def _items(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_without_a_range_it_covers_the_slos_window_in_round_steps():
    answer = _client().get(SLO).json()

    assert answer["step_seconds"] == 7200.0
    assert len(answer["items"]) == 360  # 30 days of 12 steps
    assert answer["from"] == "2026-01-16T00:00:00Z"
    assert answer["to"] == "2026-02-15T00:00:00Z"  # the boundary evaluated last, not the instant of the question


@pytest.mark.parametrize(
    ("since", "to"),
    [
        ("now-190s", "now"),
        ("2026-02-14T23:57:00Z", "2026-02-15T00:00:00Z"),
        ("2026-02-15T00:57:00+01:00", "2026-02-15T01:00:00+01:00"),
        (str(END - 180), str(END)),
        (str((END - 180) * 1000), str(END * 1000)),
    ],
    ids=["relative", "UTC", "offset", "seconds", "milliseconds"],
)
def test_times_are_read_in_every_usual_form(since: str, to: str):
    database = FakeDatabase(ledger=FakeLedger(_minutes(3)))

    rows = _items(_client(database).get(SLO, params={"from": since, "to": to, "step": "1m"}))

    assert [row["total"] for row in rows] == [10.0, 10.0, 10.0]


def test_a_plus_that_arrives_as_a_blank_is_understood():
    answer = _client().get(f"{SLO}?from=2026-02-15T00:00:00+01:00&to=now")

    assert answer.json()["from"] < "2026-02-15"


def test_the_real_ledger_gives_the_same_rows():
    storage = MemoryStorage(Grid(timedelta(minutes=1)))
    with storage.transaction() as database:
        database.ledger.write([made.CHECKOUT.sli], "prometheus", SliceTable.of_one(_minutes(120)))
    app = create_app(dataclasses.replace(services(), storage=storage))

    rows = _items(TestClient(app).get(SLO, params={"from": "now-2h", "step": "1h"}))

    assert [(row["good"], row["total"], row["coverage_ratio"]) for row in rows] == [(540.0, 600.0, 1.0)] * 2
    # every event so far one of ten bad at 0.999: 0.1 / 0.001 = 100 budgets spent
    assert [row["budget_remaining_ratio"] for row in rows] == pytest.approx([-99.0, -99.0])


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday",
        "from=2026-02-15T00:00:00",
        "from=now&to=now-1h",
        "from=now-99999999999d",
        "to=1200-01-01T00:00:00Z",
        "from=99999999999999",
        "step=fast",
        "step=0",
        "step=2M",
        "from=now-30d&step=1m",
    ],
)
def test_what_cannot_be_answered_is_a_400_with_a_remedy(query: str):
    answer = _client().get(f"{SLO}?{query}")

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["detail"]) > 10


def test_time_that_was_not_evaluated_yet_has_no_rows():
    assert _items(_client().get(SLO, params={"from": "now-5s", "to": "now"})) == []


def test_history_needs_no_snapshot():
    app = create_app(services(has_snapshot=False))

    assert TestClient(app).get(SLO).status_code == 200


def test_the_same_bytes_are_not_sent_twice():
    client = _client()
    first = client.get(SLO)

    assert client.get(SLO, headers={"If-None-Match": first.headers["etag"]}).status_code == 304


@pytest.mark.parametrize("path", [SLO, KEY_RESULT])
def test_a_database_that_is_down_is_a_503_that_tells_no_secret(path: str):
    answer = _client(FakeDatabase(is_broken=True)).get(path)

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.json()["type"] == "urn:okrbridge:problem:database-unavailable"
    assert "secret" not in answer.text


def test_an_unknown_slo_has_no_history():
    assert _client().get("/api/v1/slos/none/history").status_code == 404
    assert _client().get("/api/v1/key-results/no/ne/history").status_code == 404


def _progress(count: int) -> FakeDatabase:
    records = [
        ProgressRecord(
            key_result=made.UPTIME.id,
            at=made.AT - timedelta(minutes=back),
            value=0.99,
            raw_ratio=-0.25,
            progress_ratio=0.0,
            expected_ratio=0.5,
            gap_ratio=0.5,
            status=SteadyStatus(KeyResultStatus.OFF_TRACK),
            quality=Quality.OK,
            measured_at=made.AT,
        )
        for back in range(count - 1, -1, -1)
    ]
    return FakeDatabase(progress=FakeProgress(records))


def test_a_key_results_history_is_ascending_since_its_period_began():
    rows = _items(_client(_progress(3)).get(KEY_RESULT))

    assert [row["time"] for row in rows] == [
        "2026-02-14T23:58:00Z",
        "2026-02-14T23:59:00Z",
        "2026-02-15T00:00:00Z",
    ]
    assert (rows[0]["raw_ratio"], rows[0]["status"]) == (-0.25, "off_track")


def test_older_rows_follow_the_cursor():
    client = _client(_progress(5))
    first = client.get(KEY_RESULT, params={"limit": 2}).json()
    second = client.get(KEY_RESULT, params={"limit": 2, "cursor": first["next"]}).json()
    third = client.get(KEY_RESULT, params={"limit": 2, "cursor": second["next"]}).json()

    minutes = [[row["time"][14:16] for row in page["items"]] for page in (first, second, third)]
    assert minutes == [["59", "00"], ["57", "58"], ["56"]]
    assert third["next"] is None


def test_a_cursor_before_the_range_gives_nothing():
    client = _client(_progress(5))
    cursor = client.get(KEY_RESULT, params={"limit": 1}).json()["next"]

    assert _items(client.get(KEY_RESULT, params={"cursor": cursor, "from": "now", "to": "2026-02-16T00:00:00Z"})) == []


@pytest.mark.parametrize("query", ["", "?from=now-6h", "?from=now-6h&to=now"])
def test_a_key_results_history_is_not_sent_twice_within_a_slice(query: str):
    def answer(seconds: int, **headers: str) -> Any:
        app = create_app(services(database=_progress(5), now=made.AT + timedelta(seconds=seconds)))
        return TestClient(app).get(KEY_RESULT + query, headers=headers)

    tag = answer(1).headers["etag"]
    assert answer(59, **{"If-None-Match": tag}).status_code == 304
    assert answer(61).headers["etag"] != tag


def test_a_key_results_history_holds_from_and_not_to():
    query = {"from": "2026-02-14T23:57:00Z", "to": "2026-02-14T23:59:00Z"}
    rows = _items(_client(_progress(5)).get(KEY_RESULT, params=query))
    assert [row["time"][14:16] for row in rows] == ["57", "58"]
