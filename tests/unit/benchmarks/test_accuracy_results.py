"""The table and the figures of the accuracy benchmark."""

import math
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.accuracy.peers import Answer
from benchmarks.accuracy.product import Measured
from benchmarks.accuracy.results import Errors, Row, figures, markdown
from benchmarks.accuracy.scenarios import END, Scenario, simulated
from benchmarks.accuracy.services import Counter, Process, Target


def scenario(*, is_complete: bool = True) -> Scenario:
    # 1,000 good and 10 bad events an hour before the end, scraped long after.
    at = END - 3600
    counters = [Counter({"code": "200"}, at, np.array([1000])), Counter({"code": "500"}, at, np.array([10]))]
    target = Target({"job": "x"}, [Process(0.0, counters)], simulated(1), 0.0)
    return Scenario("x", "an example", [target], is_complete=is_complete)


def row(bad: float, total: float, budget: float, *, coverage: float = 1.0, is_complete: bool = True) -> Row:
    measured = Measured(Answer(bad, total, budget), coverage)
    return Row(scenario(is_complete=is_complete), measured, None, {"Other": Answer(5.0, 1010.0, math.nan)})


def pushed_down(bad: float, coverage: float = 1.0, *, is_complete: bool = True) -> Row:
    """Exact as users run it, and this much when the server sums."""
    summed = Measured(Answer(bad, *EXACT[1:]), coverage)
    return replace(row(*EXACT, coverage=0.5, is_complete=is_complete), pushed_down=summed)


EXACT = (10.0, 1010.0, 10 / (0.001 * 1010))


def test_errors_are_percent_of_the_truth():
    # 11 for 10 is 10 % too many, 1,005.4 for 1,010 is 0.455 % too few.
    assert str(Errors.of(Answer(11.0, 1005.4, EXACT[2]), scenario())) == "+10.0 / -0.455 / 0"


@pytest.mark.parametrize(
    ("rows", "worst", "without_a_word"),
    [
        pytest.param([row(*EXACT)], 0.0, 0.0, id="exact"),
        pytest.param([row(*EXACT), row(9.0, *EXACT[1:])], 10.0, 0.0, id="the worst row is told"),
        pytest.param([row(math.nan, *EXACT[1:])], 100.0, 0.0, id="no answer is an error"),
        pytest.param([row(1.0, *EXACT[1:], coverage=0.9, is_complete=False)], 0.0, 0.0, id="told to be incomplete"),
        pytest.param([row(*EXACT, is_complete=False)], 0.0, 1.0, id="incomplete and not told"),
        pytest.param([pushed_down(12.0)], 20.0, 0.0, id="pushed down counts, too"),
        pytest.param([pushed_down(10.0, is_complete=False)], 0.0, 1.0, id="pushed down is not told"),
    ],
)
def test_figures_tell_the_worst_error_and_what_was_kept_quiet(rows: list[Row], worst: float, without_a_word: float):
    found = figures(rows)
    assert found["worst_bad_error_percent"] == pytest.approx(worst)
    assert found["incomplete_without_a_word"] == without_a_word


def test_the_markdown_table_has_a_row_for_each_scenario():
    rows = [row(*EXACT, coverage=0.5, is_complete=False), pushed_down(11.0)]
    assert markdown(rows).splitlines() == [
        "| scenario | truth: bad / total / budget | okrbridge | okrbridge, pushed down | Other | unseen | coverage |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| an example | 10 / 1,010 / 990.1 % | 0 / 0 / 0 |  | -50.0 / 0 / NaN | 0 | incomplete, 50.0 % |",
        "| an example | 10 / 1,010 / 990.1 % | 0 / 0 / 0 | +10.0 / 0 / 0 | -50.0 / 0 / NaN | 0 | 50.0 % |",
    ]
