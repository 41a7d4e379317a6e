"""Verdicts of many measurements as few runs."""

from datetime import UTC, datetime, timedelta

import pytest

from okrbridge.application.verdict_runs import verdict_runs

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("spans", "runs"),
    [
        ([], []),
        ([(0, 1, 1.0)], [(0, 1, True)]),
        ([(0, 1, 1.0), (1, 2, 2.0), (2, 3, 5.0), (3, 4, 1.0)], [(0, 2, True), (2, 3, False), (3, 4, True)]),
        # Where nothing was measured a run ends, and so it does at a hole.
        ([(0, 1, 1.0), (1, 2, None), (2, 3, None), (3, 4, 1.0)], [(0, 1, True), (1, 3, None), (3, 4, True)]),
        ([(0, 1, 1.0), (2, 3, 1.0)], [(0, 1, True), (2, 3, True)]),
        # Below zero the limit is not known.
        ([(0, 1, -1.0), (1, 2, None), (2, 3, 1.0)], [(0, 2, None), (2, 3, True)]),
    ],
)
def test_what_follows_and_says_the_same_is_one_verdict(
    spans: list[tuple[int, int, float | None]], runs: list[tuple[int, int, bool | None]]
):
    judged = [(START + MINUTE * start, START + MINUTE * end, value) for start, end, value in spans]
    found = verdict_runs(judged, lambda value: None if value < 0 else value < 3)
    minutes = [
        ((one.interval.start - START) // MINUTE, (one.interval.end - START) // MINUTE, one.is_good) for one in found
    ]
    assert minutes == runs


def test_each_value_is_judged_once():
    asked: list[float] = []

    def is_good(value: float) -> bool:
        asked.append(value)
        return True

    list(verdict_runs([(START + MINUTE * place, START + MINUTE * place, place % 2) for place in range(9)], is_good))
    assert asked == [0, 1]
