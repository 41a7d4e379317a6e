"""The flat items: every key, None for unknown, nothing that JSON cannot carry."""

import dataclasses
import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from tests.unit.api import snapshots as made

from okrbridge.application import reports
from okrbridge.application.snapshot import Snapshot


def test_an_slo_item_holds_the_numbers_of_its_report():
    item = reports.slo_item(made.checkout_report(), made.NOW, made.EVALUATION)

    expected = {
        "slo": "checkout-availability",
        "service": "checkout",
        "target_ratio": 0.999,
        "window": "30d",
        "window_start": "2026-01-16T00:00:00Z",
        "window_end": "2026-02-15T00:00:00Z",
        "state": "ok",
        "sli_ratio": 0.9995,
        "good": 9995.0,
        "bad": 5.0,
        "total": 10000.0,
        "budget_consumed_ratio": 0.5,
        "budget_remaining_ratio": 0.5,
        "burn_rate_1h": 2.0,
        "burn_rate_3d": 0.0,
        "coverage_ratio": 1.0,
        "evaluated_at": "2026-02-15T00:00:00Z",
        "last_measured_at": "2026-02-14T23:59:00Z",
        "data_age_seconds": 70.0,  # measured to 60 s before the boundary, asked 10 s after it
        "evaluation_id": made.EVALUATION,
    }
    assert {key: item[key] for key in expected} == expected


def test_an_unmeasured_slo_has_every_key_and_no_numbers():
    measured = reports.slo_item(made.checkout_report(), made.NOW, made.EVALUATION)
    unmeasured = reports.slo_item(made.search_report(), made.NOW, made.EVALUATION)

    assert unmeasured.keys() == measured.keys()
    for key in ("good", "bad", "total", "sli_ratio", "budget_remaining_ratio", "burn_rate_5m", "data_age_seconds"):
        assert unmeasured[key] is None
    assert unmeasured["coverage_ratio"] == 0.0


def test_a_key_result_item_is_in_its_own_unit():
    item = reports.key_result_item(made.latency_report(), made.NOW)

    assert (item["value"], item["baseline"], item["target"], item["unit"]) == (500.0, 800.0, 200.0, "ms")
    assert (item["progress_ratio"], item["expected_ratio"], item["status"]) == (0.5, 0.5, "on_track")
    assert (item["team"], item["owner"], item["cycle"]) == ("search", "li", "2026-q1")


def test_a_failed_measurement_keeps_the_last_good_value_with_its_age_and_the_reason():
    item = reports.key_result_item(made.latency_report(), made.NOW)

    assert item["value"] == 500.0
    assert item["quality"] == "error"
    assert item["error"] == "timeout: no answer in 10 s"
    assert item["measured_at"] == "2026-02-14T23:58:00Z"
    assert item["measurement_age_seconds"] == 130.0  # 120 s before the boundary, asked 10 s after it


def test_key_results_all_have_the_same_keys_and_what_does_not_exist_yet_is_null():
    items = reports.key_result_items(made.rich_snapshot(), made.NOW)

    assert len(items) == 4
    assert len({tuple(item) for item in items}) == 1
    for key in ("confidence", "forecast_p10", "forecast_p50", "forecast_p90", "hit_probability_ratio"):
        # Only uptime has an outlook.
        assert [item[key] for item in items[1:]] == [None] * 3


def test_an_objective_item_names_its_roll_up():
    item = reports.objective_item(made.rich_snapshot().objectives[1])

    assert item["progress_ratio"] == pytest.approx(1 / 6)  # (1 x 0.5 + 2 x nothing) / 3
    assert item["measured_only_ratio"] == 0.5
    assert item["parent"] == "reliable-checkout"
    assert item["key_results_count"] == 2


def test_a_cycle_item_tells_how_far_it_is():
    item = reports.cycle_item(made.rich_snapshot().cycles[0])

    assert (item["cycle"], item["elapsed_ratio"], item["phase"]) == ("2026-q1", 0.5, "delivery")
    assert item["ends_at"] == "2026-04-01T00:00:00Z"


def test_objectives_stand_under_their_parents():
    [top] = reports.objective_tree(made.rich_snapshot(), made.NOW, {"reliable-checkout": "http"})

    assert top["objective"] == "reliable-checkout"
    assert [one["key_result"] for one in top["key_results"]] == ["uptime", "budget"]
    [child] = top["children"]
    assert child["objective"] == "fast-search"
    assert child["children"] == []


def _with_parents(first: str, second: str) -> Snapshot:
    snapshot = made.rich_snapshot()
    parents = zip(snapshot.objectives, (first, second), strict=True)
    objectives = tuple(
        dataclasses.replace(report, objective=dataclasses.replace(report.objective, parent=parent))
        for report, parent in parents
    )
    return dataclasses.replace(snapshot, objectives=objectives)


@pytest.mark.parametrize(
    ("first", "second", "shape"),
    [
        ("", "gone", {"reliable-checkout": [], "fast-search": []}),
        ("fast-search", "reliable-checkout", {"reliable-checkout": ["fast-search"]}),
        ("reliable-checkout", "", {"fast-search": [], "reliable-checkout": []}),
    ],
    ids=["unknown parent", "circle", "own parent"],
)
def test_no_objective_vanishes_from_the_tree(first: str, second: str, shape: dict[str, list[str]]):
    tree = reports.objective_tree(_with_parents(first, second), made.NOW, {})

    assert {node["objective"]: [child["objective"] for child in node["children"]] for node in tree} == shape


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
def test_what_is_not_finite_is_unknown(value: float | None):
    assert reports.finite(value) is None


def test_minus_zero_becomes_zero():
    zero = reports.finite(-0.0)

    assert zero is not None
    assert math.copysign(1, zero) == 1


def test_times_are_utc_with_z():
    berlin = datetime(2026, 2, 15, 1, 0, tzinfo=timezone(timedelta(hours=1)))

    assert reports.rfc3339(berlin) == "2026-02-15T00:00:00Z"
    assert reports.rfc3339(datetime(2026, 2, 15, 0, 0, 0, 250_000, tzinfo=UTC)) == "2026-02-15T00:00:00.250000Z"
    assert reports.rfc3339(None) is None
