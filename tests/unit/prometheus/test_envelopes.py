"""Decoding what Prometheus' HTTP API sends. Failures are tested over HTTP, against a stub."""

import json
import math

import pytest

from okrbridge.errors import SourceError, SourceFailureReason
from okrbridge.sources.prometheus.http.envelope import (
    Asked,
    Reply,
    Row,
    TooLargeError,
    TransientSourceError,
    raise_for_overload,
    read_answer,
)

ASKED = Asked("prom", "http://prom:9090", "up")


def reply(data, *, status=200, **beside) -> Reply:
    return Reply(status, json.dumps({"status": "success", "data": data, **beside}).encode())


def failing(status: int, kind: str) -> Reply:
    return Reply(status, json.dumps({"status": "error", "errorType": kind, "error": "because"}).encode())


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ({"resultType": "scalar", "result": [1.5, "2"]}, (Row({}, ((1.5, 2.0),)),)),
        ({"resultType": "vector", "result": []}, ()),
        (
            {"resultType": "vector", "result": [{"metric": {"a": "b"}, "value": [1, "+Inf"]}]},
            (Row({"a": "b"}, ((1, math.inf),)),),
        ),
        (
            {"resultType": "matrix", "result": [{"metric": {}, "values": [[1, "2"], [3, "4"]]}]},
            (Row({}, ((1, 2), (3, 4))),),
        ),
        ({"resultType": "string", "result": [1, "text"]}, ()),
    ],
)
def test_every_result_type_is_read(data, rows):
    answer = read_answer(reply(data), ASKED)
    assert answer.result_type == data["resultType"]
    assert answer.rows == rows


def test_warnings_and_infos_are_kept():
    data = {"resultType": "vector", "result": []}
    assert read_answer(reply(data, warnings=["w"], infos=["i"]), ASKED).warnings == ("w", "i")


@pytest.mark.parametrize(
    ("status", "kind", "is_transient"),
    [
        (429, "", True),
        (502, "", True),
        (503, "unavailable", True),
        (504, "", True),
        (503, "timeout", False),
        (504, "timeout", False),
        (500, "internal", False),
        (422, "execution", False),
        (400, "bad_data", False),
        (401, "", False),
        (404, "", False),
    ],
)
def test_only_what_may_pass_is_worth_another_try(status, kind, is_transient):
    if is_transient:
        with pytest.raises(TransientSourceError):
            raise_for_overload(failing(status, kind), ASKED)
    else:
        raise_for_overload(failing(status, kind), ASKED)


def test_an_error_in_a_200_is_still_an_error():
    with pytest.raises(SourceError, match="because") as caught:
        read_answer(failing(200, "bad_data"), ASKED)
    assert caught.value.reason is SourceFailureReason.BAD_QUERY
    assert (caught.value.source, caught.value.query) == ("prom", "up")


SMALLER_MAY_PASS = {
    "prometheus": "query processing would load too many samples into memory in query execution",
    # VictoriaMetrics, word for word; before each stands 'error when executing query="…" on the time range (…): '.
    "series": 'cannot evaluate "last_over_time(x[1m])": search error after reading 0 data blocks: error when searching '
    'for tagFilters=[{__name__="x"}] on the time range [2023-11-14T22:14:00Z..2023-11-14T22:24:00Z]: error when '
    "searching tsids: the number of matching timeseries exceeds 10; either narrow down the search or increase "
    "-search.max* command-line flag values at vmselect; see https://docs.victoriametrics.com/#resource-usage-limits",
    "samples": 'cannot evaluate "last_over_time(x[1m])": cannot select more than -search.maxSamplesPerQuery=100 '
    "samples; possible solutions: to increase the -search.maxSamplesPerQuery; to reduce time range for the query; "
    "to use more specific label filters in order to select lower number of series",
    "samples-of-a-series": "error during time series unpacking: cannot process more than 5 samples per series; either "
    "increase -search.maxSamplesPerSeries or reduce time range for the query",
    "points": "too many points for the given step=60000, start=1700000100000 and end=1700001240000: 20; cannot exceed "
    "-search.maxPointsPerTimeseries=5",
    "memory": "not enough memory for processing 60000 data points across 1000 time series with 60 points in each time "
    "series; total available memory for concurrent requests: 262144 bytes; requested memory: 960000 bytes",
}


@pytest.mark.parametrize("words", SMALLER_MAY_PASS.values(), ids=SMALLER_MAY_PASS)
def test_what_is_too_large_for_the_server_is_told_from_what_it_cannot_read(words):
    # The query is repeated before the cause, and may be long.
    text = f'error when executing query="{"x or " * 200}" on the time range (start=1, end=2, step=1): {words}'
    reply = Reply(422, json.dumps({"status": "error", "errorType": "422", "error": text}).encode())
    with pytest.raises(TooLargeError, match="refuses the query") as caught:
        read_answer(reply, ASKED)
    assert caught.value.reason is SourceFailureReason.BAD_QUERY
    assert str(caught.value).endswith(text[-100:])
    with pytest.raises(SourceError, match="because") as other:
        read_answer(failing(422, "422"), ASKED)
    assert not isinstance(other.value, TooLargeError)


def test_a_native_histogram_is_not_taken_for_a_number():
    data = {"resultType": "vector", "result": [{"metric": {}, "histogram": [1, {"count": "3"}]}]}
    with pytest.raises(SourceError, match="native histograms are not supported"):
        read_answer(reply(data), ASKED)


def test_a_long_explanation_is_cut():
    with pytest.raises(SourceError) as caught:
        read_answer(Reply(500, b"x" * 10_000, "text/plain"), ASKED)
    assert len(str(caught.value)) < 600
