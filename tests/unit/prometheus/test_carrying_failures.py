"""What a failed question costs: the slices that need its answer, and nothing else. Slices end at 60, 120 and 180."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import cast

import numpy as np
import pytest

from okrbridge.application.ports import CountRequest
from okrbridge.domain.ledger import IntArray, SliceState
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Grid, Interval, from_epoch
from okrbridge.errors import SourceError
from okrbridge.errors import SourceFailureReason as Reason
from okrbridge.sources.prometheus.carry.carrying import Carry
from okrbridge.sources.prometheus.http.client import PrometheusClient
from okrbridge.sources.prometheus.http.envelope import Answer
from okrbridge.sources.prometheus.http.levels import Levels

GRID = Grid(timedelta(minutes=1))
UNKNOWN, MEASURED = SliceState.UNKNOWN, SliceState.MEASURED
A, B = (Sli(name, "prom", bad=f'x{{s="{name}",code="5"}}', total=f'x{{s="{name}"}}') for name in "ab")
Series = Mapping[str, Mapping[int, float]]


class Server:
    """Levels of series by label ``s`` and code, and words of questions that fail."""

    source = "prom"

    def __init__(self, series: Series, *failing: str) -> None:
        self._series, self._failing = series, failing

    def levels(self, query: str, ends: IntArray) -> Levels:
        self._fail(query)
        chosen = self._series if query.startswith("last_over_time(x") else {}
        texts = [f'"__name__":"x","code":"{name[1]}","job":"j","s":"{name[0]}"'.encode() for name in chosen]
        values = [[one.get(end, np.nan) for end in ends.tolist()] for one in chosen.values()]
        return Levels(texts, np.array(values).reshape(len(texts), len(ends)))

    def query(self, query: str, _at: datetime) -> Answer:
        self._fail(f"raw {query}")
        return Answer("matrix", ())

    def _fail(self, query: str) -> None:
        if any(word in query for word in self._failing):
            raise SourceError("too slow", reason=Reason.TIMEOUT, source="prom")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def counted(pool: ThreadPoolExecutor, series: Series, *failing: str):
    carry = Carry(cast("PrometheusClient", Server(series, *failing)), GRID, pool)
    request = CountRequest((A, B), Interval(from_epoch(0), from_epoch(180)), from_epoch(0))
    return carry.count(request)


STEADY = {0: 10.0, 60: 11.0, 120: 13.0, 180: 16.0}


def test_without_resets_ordinary_slices_are_counted_and_a_warning_says_what_they_may_lack(pool):
    found = counted(pool, {"a2": STEADY, "b2": STEADY}, "resets(")
    assert not found.failures
    assert found.table.total.tolist() == [[1, 2, 3]] * 2
    assert all("resets were not told" in warning for [warning] in found.warnings.values())


def test_without_facts_of_targets_only_the_slice_of_a_new_series_is_lost(pool):
    found = counted(
        pool, {"a2": STEADY, "b2": STEADY, "b5": {120: 4.0, 180: 5.0}}, "process_start_time_seconds|", "up|"
    )
    assert {row: failure.reason for row, failure in found.failures.items()} == {1: Reason.TIMEOUT}
    assert found.table.states.tolist() == [[MEASURED] * 3, [MEASURED, UNKNOWN, MEASURED]]
    assert found.table.total.tolist() == [[1, 2, 3], [1, 0, 4]]


def test_without_the_samples_of_an_odd_series_only_its_slice_is_lost(pool):
    # b falls to 4 in the second slice.
    found = counted(pool, {"a2": STEADY, "b2": {0: 10.0, 60: 11.0, 120: 4.0, 180: 6.0}}, "raw x")
    assert list(found.failures) == [1]
    assert found.table.states.tolist() == [[MEASURED] * 3, [MEASURED, UNKNOWN, MEASURED]]
    assert found.table.total.tolist() == [[1, 2, 3], [1, 0, 2]]


def test_a_read_that_fails_is_unknown_from_then_on(pool):
    found = counted(pool, {"a2": STEADY, "b2": STEADY}, "last_over_time(x")
    assert sorted(found.failures) == [0, 1]
    assert not found.table.states.any()
