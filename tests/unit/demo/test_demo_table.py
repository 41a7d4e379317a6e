import io

import pytest
from rich.console import Console

from okrbridge.demo.feed import View
from okrbridge.demo.table import bar, percent, quantity, summary, tables

SLO = {
    "slo": "api-availability", "target_ratio": 0.999, "sli_ratio": 0.99936, "budget_remaining_ratio": 0.36,
    "burn_rate_1h": 4.4, "state": "ok", "coverage_ratio": 0.9993,
}  # fmt: skip
KEY_RESULT = {
    "objective": "rock-solid-api", "key_result": "p99-latency", "value": 710.1313, "unit": "ms", "baseline": 800,
    "target": 200, "progress_ratio": 0.15, "expected_ratio": 0.25, "status": "at_risk",
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
    for part in ("rock-solid-api/p99-latency", "800 ms", "710.13 ms", "200 ms", "15%", "25%", "at_risk"):
        assert part in shown


def test_a_number_that_is_null_or_missing_is_a_dash():
    nulls: dict[str, object] = dict.fromkeys(SLO)
    rows = _printed(View([nulls], [{}])).splitlines()
    assert any(set(row.split()) == {"-"} for row in rows)
    assert any(row.split() == ["-/-", *["-"] * 6] for row in rows)


def test_a_narrow_terminal_wraps_names_and_keeps_numbers():
    shown = _printed(View([SLO], [KEY_RESULT]), width=72)
    for part in ("99.936%", "710.13 ms", "at_risk"):
        assert part in shown


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


def test_a_view_is_complete_when_windows_are_filled_and_values_are_there():
    assert View([SLO], [KEY_RESULT]).is_complete
    assert not View().is_complete
    assert not View([{**SLO, "coverage_ratio": 0.5}], [KEY_RESULT]).is_complete
    assert not View([{**SLO, "coverage_ratio": None}], [KEY_RESULT]).is_complete
    assert not View([SLO], [{**KEY_RESULT, "value": None}]).is_complete
