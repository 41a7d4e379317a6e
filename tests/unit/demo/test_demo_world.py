"""What the demo tells okrbridge, and what it knows to be true."""

import csv
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from okrbridge.application.okr_records import CheckIn
from okrbridge.demo.books import UNSCANNED
from okrbridge.demo.definitions import BILLING_FILE, INVENTORY_FILE
from okrbridge.demo.happenings import BASELINE_DAYS, Happening
from okrbridge.demo.okr_truth import Check, checks
from okrbridge.demo.telling import SAYINGS, event_of, keep_sayings, tell_happenings, tell_sayings
from okrbridge.demo.world import World
from okrbridge.domain.windows import Interval
from okrbridge.sources.simulated.source import MINUTES
from okrbridge.storage.database import open_database

NOW = datetime(2026, 11, 22, 5, 30, tzinfo=UTC)
START = datetime(2026, 10, 8, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def world() -> World:
    return World.around(NOW)


class Told:
    """Stands in for a Feed and keeps what it is told."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, object]] = []

    def post(self, path: str, body: object) -> None:
        self.posted.append((path, body))


def test_nothing_of_the_future_is_told_and_every_id_is_told_once(world: World):
    assert max(one.end or one.start for one in world.happenings) < NOW
    assert max(Counter(one.id for one in world.happenings).values()) == 1


def test_the_world_is_the_same_whenever_it_is_told(world: World):
    assert World.around(NOW) == world


def test_incidents_begin_before_the_baseline_and_become_fewer_and_shorter(world: World):
    incidents = [one for one in world.happenings if one.kind == "incident"]
    before = [one for one in incidents if START - BASELINE_DAYS * DAY <= one.start < START]
    after = [one for one in incidents if one.start >= START]
    assert len(before) / 90 > 1.5 * len(after) / 45
    assert sum(one.seconds for one in after) / len(after) < 0.9 * sum(one.seconds for one in before) / len(before)
    assert all(one.detected_at is not None and one.start < one.detected_at < one.end for one in incidents if one.end)


def test_an_event_carries_what_is_known_and_leaves_out_what_is_empty():
    told = Happening("INC-1", "incident", NOW, end=NOW + 1.5 * DAY, severity="sev1")
    assert event_of(told) == {
        "source": "demo",
        "id": "INC-1",
        "kind": "incident",
        "start": "2026-11-22T05:30:00Z",
        "end": "2026-11-23T17:30:00Z",
        "severity": "sev1",
    }


def test_everything_that_happened_is_posted_in_batches_the_api_takes(world: World):
    told = Told()
    tell_happenings(told, world.happenings)  # type: ignore[arg-type]  # a stand-in for the client
    batches = [body for path, body in told.posted if path == "events" and isinstance(body, list)]
    assert all(0 < len(batch) <= 1000 for batch in batches)
    assert sum(map(len, batches)) == len(world.happenings)


def test_what_was_said_in_earlier_weeks_stands_in_the_database_and_the_rest_is_posted(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'demo.db'}"
    keep_sayings(url, NOW)
    with closing(open_database(url, grid=MINUTES)) as storage, storage.reading() as database:
        kept = database.check_ins.of("rock-solid-api/p99-latency", Interval(START, NOW))
    told = Told()
    tell_sayings(told)  # type: ignore[arg-type]  # a stand-in for the client
    [(path, body)] = told.posted
    assert path == "key-results/rock-solid-api/p99-latency/check-ins"
    assert isinstance(body, dict)
    assert [*map(_confidence, kept), body["confidence"]] == [8, 7, 4]


def _confidence(check_in: CheckIn) -> int | None:
    return check_in.confidence


def test_the_mood_on_call_was_last_said_longer_ago_than_it_stands():
    # It expires after 10 days: see okrs/platform.yaml.
    assert min(one.days_ago for one in SAYINGS if one.key_result == "lean-platform/on-call-mood") > 10


def test_the_books_hold_what_the_world_says(world: World, tmp_path: Path):
    world.write_books(tmp_path)
    with (tmp_path / BILLING_FILE).open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["day"], float(row["cost_eur"]), int(row["orders"])) for row in rows] == [
        (f"{bill.day:%Y-%m-%d}", bill.cost_eur, bill.orders) for bill in world.bills
    ]
    with closing(sqlite3.connect(tmp_path / INVENTORY_FILE)) as database:
        unscanned = database.execute("SELECT name FROM repositories WHERE scanned_on IS NULL ORDER BY name").fetchall()
    assert [name for (name,) in unscanned] == list(UNSCANNED)


def _item(name: str, value: float | None, **more: object) -> dict[str, object]:
    objective, _, key_result = name.partition("/")
    item = {"objective": objective, "key_result": key_result, "value": value, "evaluated_at": "2026-11-22T05:31:00Z"}
    return {**item, **more}


def _incident(identity: str, start: datetime, minutes: int, severity: str = "sev1") -> Happening:
    return Happening(identity, "incident", start, end=start + timedelta(minutes=minutes), severity=severity)


def _small_world(*told: Happening) -> World:
    return World(START, NOW, told, (), ())


def test_the_truth_of_incidents_is_those_severe_of_the_last_month_and_of_28_days():
    small = _small_world(
        _incident("before the cycle", START - DAY, 50),
        _incident("a day too early for a month", datetime(2026, 10, 21, tzinfo=UTC), 999),
        _incident("in the month and not in 28 days", datetime(2026, 10, 23, tzinfo=UTC), 999),
        _incident("in both", NOW - 3 * DAY, 30),
        _incident("in both, too", NOW - 2 * DAY, 50),
        _incident("not severe", NOW - 2 * DAY, 999, severity="sev3"),
    )
    found = checks(
        [
            _item("trusted-shop/incidents", 3.0),
            # (30 + 50) / 2 = 40 minutes; before the cycle the one of 50.
            _item("lean-platform/time-to-restore", 2400.0, baseline=3000.0),
        ],
        small,
    )
    assert [str(one) for one in found] == [
        "trusted-shop/incidents: 3 (exact)",
        "lean-platform/time-to-restore: 2400 (exact)",
        "lean-platform/time-to-restore before the cycle: 3000 (exact)",
    ]


def test_the_truth_of_activation_leaves_out_who_still_has_time():
    def signed_up(who: str, days_ago: float, ordered_after: float | None) -> list[Happening]:
        start = NOW - days_ago * DAY
        order = (
            []
            if ordered_after is None
            else [Happening(f"o-{who}", "first-order", start + ordered_after * DAY, subject=who)]
        )
        return [Happening(f"s-{who}", "signup", start, subject=who), *order]

    small = _small_world(
        *signed_up("in time", 10, 2),
        *signed_up("too late", 10, 3.5),
        *signed_up("never", 9, None),
        *signed_up("still has time", 1, None),
        *signed_up("quick", 1, 0.5),
        *signed_up("too long ago", 20, 1),
    )
    # 2 of 4: in time and quick, too late and never.
    [check] = checks([_item("trusted-shop/activation", 0.5)], small)
    assert check.is_exact


def test_the_truth_of_books_is_a_week_of_bills_and_the_scanned_repositories(world: World):
    # Bills are of whole days: those of 15 to 21 November begin within 7 days of 05:31 on the 22nd but the first.
    week = [bill for bill in world.bills if datetime(2026, 11, 16, tzinfo=UTC) <= bill.day]
    cost = sum(bill.cost_eur for bill in week) / sum(bill.orders for bill in week)
    # 24 of 27: all but the three that no scanner has seen.
    found = list(
        checks(
            [_item("lean-platform/cost-per-order", cost), _item("lean-platform/scanned-repositories", 24 / 27)], world
        )
    )
    assert len(week) == 6
    assert all(one.is_exact for one in found)
    assert len(found) == 2


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        (3.0, "n: 3 (exact)"),
        (4.0, "n: 4 (not exact, 3 in truth)"),
        (None, "n: not measured yet, 3 in truth"),
    ],
)
def test_a_check_says_whether_it_is_exact(measured: float | None, said: str):
    assert str(Check("n", measured, 3.0)) == said


def test_key_results_of_unknown_truth_are_not_compared(world: World):
    assert list(checks([_item("rock-solid-api/uptime", 0.99)], world)) == []
