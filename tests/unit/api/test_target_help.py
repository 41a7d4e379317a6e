"""Targets beside what was achieved before, in the explanation of a key result."""

import dataclasses
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.api import snapshots as made
from tests.unit.api.snapshots import AT
from tests.unit.api.writing import WritingApi

from okrbridge.application.records import ProgressRecord, Quality
from okrbridge.application.snapshot import KeyResultReport
from okrbridge.domain.key_results import KeyResult, KeyResultKind
from okrbridge.domain.measures import IndicatorMeasure, PromqlMeasure
from okrbridge.domain.objectives import Indicator
from okrbridge.domain.pacing import KeyResultStatus, SteadyStatus
from okrbridge.domain.units import parse_unit
from okrbridge.domain.windows import Interval

WEEK = timedelta(weeks=1)
SECONDS = parse_unit("s")
INDICATOR = Indicator("p99", "p99", PromqlMeasure("p99_seconds", "prometheus", SECONDS), SECONDS)
ASKED = dataclasses.replace(
    made.LATENCY,
    measure=IndicatorMeasure("p99", unit=SECONDS),
    period=Interval(AT - 2 * WEEK, AT + 2 * WEEK),
    baseline=800.0,
    target=725.0,
)
"""From 800 to 725 ms in four weeks."""


def explained(folder: Path, key_result: KeyResult, of: str, weekly: Sequence[float]) -> dict[str, Any]:
    """The target help of a key result, after a history of one value a week, the last of them now."""
    report: KeyResultReport = dataclasses.replace(made.latency_report(), key_result=key_result)
    whole = made.rich_snapshot()
    search = dataclasses.replace(whole.objectives[1], key_results=(report,))
    api = WritingApi(folder, dataclasses.replace(whole, objectives=(search,)))
    objective = dataclasses.replace(made.SEARCH_OBJECTIVE, key_results=(key_result,))
    declared = dataclasses.replace(made.definitions(), objectives=(objective,), indicators=(INDICATOR,))
    api.loaded = dataclasses.replace(api.loaded, definitions=declared)
    status = SteadyStatus(KeyResultStatus.ON_TRACK)
    with api.storage.transaction() as database:
        for back, value in enumerate(reversed(weekly)):
            at = AT - back * WEEK
            record = ProgressRecord(of, at, value, 0.0, 0.0, 0.0, 0.0, status, Quality.OK, at)
            database.progress.save([], [record])
    answer = api.client("anonymous").get(f"/key-results/{key_result.objective}/{key_result.name}/explain")
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["target_help"])


def test_r53_a_target_is_a_percentile_of_what_its_indicator_gained_before(tmp_path: Path):
    # Falling by 10 ms a week for 14 weeks, then by 20 ms for 12: the 23 windows of four weeks gained 40 ms eleven
    # times, 50, 60 and 70 once each, and 80 nine times.
    falls = [0.010] * 14 + [0.020] * 12
    weekly = [1.2 - sum(falls[:week]) for week in range(27)]
    found = explained(tmp_path, ASKED, "indicator:p99", weekly)

    assert (found["history_of"], found["history_weeks"], found["window_weeks"]) == ("indicator:p99", 26.0, 4.0)
    # 75 ms: 14 of 23 gained less.
    assert (found["needed"], found["windows_count"], found["reason"]) == (75.0, 23, None)
    assert found["percentile_ratio"] == pytest.approx(14 / 23)
    # The twelfth of 23 gained 50 ms; the 90th percentile is 80 ms.
    assert (found["typical"], found["stretch"]) == (pytest.approx(750), pytest.approx(720))


def test_r53_too_little_history_is_told_with_what_would_help(tmp_path: Path):
    promql = dataclasses.replace(ASKED, measure=made.LATENCY.measure)
    found = explained(tmp_path, promql, promql.id, [800.0 - week for week in range(7)])

    # Seven weekly values hold three windows of four weeks.
    assert found["percentile_ratio"] is None
    assert "holds 3 windows of 4 weeks, and 4 are needed" in found["reason"]
    assert "Indicator" in found["reason"]


def test_r53_a_kind_without_a_way_is_told_so(tmp_path: Path):
    waiting = dataclasses.replace(ASKED, baseline=None)
    assert "not measured yet" in explained(tmp_path, waiting, "indicator:p99", [1.0])["reason"]


def test_r52_a_threshold_is_suggested_from_history(tmp_path: Path):
    errors = dataclasses.replace(made.ERRORS, period=ASKED.period, target=0.02)
    # Falling by 0.001 a week from 0.04: 0.03 now, and every window of four weeks gained 0.004.
    found = explained(tmp_path, errors, errors.id, [0.04 - 0.001 * week for week in range(11)])

    assert errors.kind is KeyResultKind.THRESHOLD
    # From 0.03 to 0.02 is more than any of the seven windows gained.
    assert (found["windows_count"], found["percentile_ratio"]) == (7, 1.0)
    assert (found["needed"], found["typical"]) == (pytest.approx(0.01), pytest.approx(0.026))


def test_r52_a_threshold_that_holds_already_needs_no_suggestion(tmp_path: Path):
    errors = dataclasses.replace(made.ERRORS, period=ASKED.period)
    found = explained(tmp_path, errors, errors.id, [0.01] * 11)
    assert found["reason"] == "nothing is left to improve: the target holds already"
