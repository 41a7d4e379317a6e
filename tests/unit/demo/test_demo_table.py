import io

import pytest
from rich.console import Console

from okrbridge.demo.feed import Item, View
from okrbridge.demo.okr_table import confidence, interval, summary, tables
from okrbridge.demo.table import bar, percent, quantity

SLO = {
    "slo": "api-availability", "target_ratio": 0.999, "sli_ratio": 0.99936, "budget_remaining_ratio": 0.36,
    "burn_rate_1h": 4.4, "state": "ok", "coverage_ratio": 0.9993,
}  # fmt: skip
KEY_RESULT = {
    "objective": "rock-solid-api", "key_result": "p99-latency", "value": 710.1313, "unit": "ms", "baseline": 800,
    "target": 200, "progress_ratio": 0.15, "expected_ratio": 0.25, "status": "at_risk", "quality": "ok",
    "forecast_p10": 0.146, "forecast_p50": 0.5, "forecast_p90": 0.842, "hit_probability_ratio": 0.018,
    "confidence": 4, "confidence_direction": "falling",
}  # fmt: skip
OBJECTIVE = {"objective": "rock-solid-api", "parent": "trusted-shop", "progress_ratio": 0.71, "expected_ratio": 0.5}
CYCLE = {
    "cycle": "2026-q4", "starts_at": "2026-10-08T00:00:00Z", "ends_at": "2027-01-07T00:00:00Z", "elapsed_ratio": 0.497,
}  # fmt: skip


def _printed(view: View, width: int = 130) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(tables(view))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_both_tables_show_their_numbers():
    shown = _printed(View([SLO], [KEY_RESULT]))
    for part in ("api-availability", "99.9%", "99.936%", "36%", "4.40x", "99.93%", "ok"):
        assert part in shown
    [row] = [line.split() for line in shown.splitlines() if "p99-latency" in line]
    # 710.1313 to four digits; 14.6 % and 84.2 % in whole percent; confidence 4 and falling.
    assert " ".join(row) == "p99-latency 800 ms 710.1 ms 200 ms 15% 25% at_risk 15..84% 2% 4↓"


def test_a_number_that_is_null_or_missing_is_a_dash():
    nulls: dict[str, object] = dict.fromkeys(SLO)
    rows = _printed(View([nulls], [{}])).splitlines()
    assert any(set(row.split()) == {"-"} for row in rows)
    assert any(row.split() == ["-"] * 10 for row in rows)


def test_a_narrow_terminal_wraps_names_and_keeps_numbers():
    shown = _printed(View([SLO], [KEY_RESULT]), width=72)
    for part in ("99.936%", "710.1 ms", "at_risk"):
        assert part in shown


def test_80_columns_show_whole_names_and_leave_the_start_and_the_plan_out():
    named = {**KEY_RESULT, "key_result": "search-latency-p95"}
    shown = _printed(View([SLO], [named], [OBJECTIVE], [CYCLE]), width=80)
    [row] = [line.split() for line in shown.splitlines() if "search-latency-p95" in line]
    assert " ".join(row) == "search-latency-p95 710.1 ms 200 ms 15% at_risk 15..84% 2% 4↓"
    assert not any(heading in shown.split() for heading in ("from", "plan"))


def test_both_tables_fit_into_100_columns():
    long = {
        **KEY_RESULT,
        "key_result": "scanned-repositories",
        "unit": "EUR",
        "value": 0.26742,
        "baseline": 0.32,
        "target": 0.225,
        "status": "not_started",
        "progress_ratio": 1.0,
        "expected_ratio": 1.0,
        "forecast_p10": -1.37,
        "forecast_p90": 1.37,
        "hit_probability_ratio": 1.0,
    }
    shown = _printed(View([SLO], [long], [OBJECTIVE], [CYCLE]), width=100)
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 100
    for part in ("scanned-repositories", "0.2674 EUR", "-137..137%", "not_started", "4↓"):
        assert part in shown


def test_an_objective_stands_above_its_key_results_and_parents_come_first():
    child, parent = KEY_RESULT, {**KEY_RESULT, "objective": "trusted-shop", "key_result": "incidents"}
    objectives: list[Item] = [OBJECTIVE, {"objective": "trusted-shop", "parent": None, "progress_ratio": 0.5}]
    shown = _printed(View([], [child, parent], objectives))
    names = [line.split()[0] for line in shown.splitlines() if line.strip()]
    assert names[-4:] == ["trusted-shop", "incidents", "rock-solid-api", "p99-latency"]


@pytest.mark.parametrize(
    ("cycle", "told"),
    [
        # 0.497 of 13 weeks are 6.46 weeks: the seventh is running.
        (CYCLE, "2026-q4 in week 7 of 13"),
        ({"cycle": "2026-q4"}, "2026-q4"),
        ({**CYCLE, "elapsed_ratio": None}, "2026-q4"),
    ],
)
def test_the_title_tells_the_week_of_the_cycle(cycle: dict[str, object], told: str):
    assert f"Objectives and key results, {told}\n" in _printed(View([], [KEY_RESULT], [OBJECTIVE], [cycle])).replace(
        " \n", "\n"
    ).replace("  ", "")


def test_long_times_are_shown_in_minutes():
    shown = _printed(View([], [{**KEY_RESULT, "unit": "s", "baseline": 3970, "value": 3157, "target": 59}]))
    # 3970 / 60 = 66.17 and 3157 / 60 = 52.62, to three digits.
    for part in ("66.2 min", "52.6 min", "59 s"):
        assert part in shown.replace("59s", "59 s")


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [(0.146, 0.842, "15..84%"), (-0.5, 1.684, "-50..168%"), (None, 0.5, "-"), (0.5, None, "-")],
)
def test_where_progress_will_be_with_80_percent(low: object, high: object, shown: str):
    assert interval(low, high) == shown


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        ({"confidence": 8, "confidence_direction": "rising"}, "8↑"),
        ({"confidence": 4, "confidence_direction": "falling"}, "4↓"),
        ({"confidence": 7, "confidence_direction": "steady"}, "7"),
        ({"confidence": None}, "-"),
    ],
)
def test_what_people_said_has_a_direction(item: dict[str, object], shown: str):
    assert confidence(item) == shown


def test_a_problem_stands_below_the_tables_and_alone_in_the_line():
    view = View(problem="no answer from okrbridge: refused")
    assert "no answer from okrbridge: refused" in _printed(view)
    assert summary(view) == "no answer from okrbridge: refused"


def test_everything_fits_in_one_line():
    assert summary(View([SLO], [KEY_RESULT])) == "api-availability ok, 36% left | p99-latency at_risk"


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [(0.9995, 4, "99.95%"), (1.0, 2, "100%"), (0.0, 1, "0%"), (-0.36, 1, "-36%"), (None, 1, "-"), ("x", 1, "-")],
)
def test_percentages(value: object, digits: int, shown: str):
    assert percent(value, digits) == shown


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.00012058, "ratio", "0.012058%"),
        (710.13131, "ms", "710.13 ms"),
        (12, "", "12"),
        (3.5, "parsec", "3.5 parsec"),
        (None, "ms", "-"),
    ],
)
def test_quantities(value: object, unit: object, shown: str):
    assert quantity(value, unit) == shown


@pytest.mark.parametrize(("ratio", "filled"), [(1.7, 8), (1.0, 8), (0.5, 4), (0.0, 0), (-2.0, 0)])
def test_a_bar_is_never_longer_than_full_or_shorter_than_empty(ratio: float, filled: int):
    assert bar(ratio, 0).plain.count("█") == filled


@pytest.mark.parametrize(
    ("slo", "key_result", "complete"),
    [
        ({}, {}, True),
        ({"coverage_ratio": 0.5}, {}, False),
        ({"coverage_ratio": None}, {}, False),
        ({}, {"progress_ratio": None}, False),
        ({}, {"progress_ratio": None, "quality": "too_early"}, True),
        ({}, {"progress_ratio": None, "quality": "stale"}, True),
        ({}, {"forecast_p50": None}, False),
    ],
)
def test_a_view_is_complete_when_windows_are_filled_and_key_results_have_a_past(
    slo: dict[str, object], key_result: dict[str, object], *, complete: bool
):
    assert View([{**SLO, **slo}], [{**KEY_RESULT, **key_result}]).is_complete is complete


def test_a_view_of_nothing_is_not_complete():
    assert not View().is_complete
