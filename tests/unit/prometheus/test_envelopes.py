"""Decoding what Prometheus' HTTP API sends. Failures are tested over HTTP, against a stub."""

import json
import math

import pytest

from okrbridge.errors import SourceError, SourceFailureReason
from okrbridge.sources.prometheus.http.envelope import (
    Asked,
    Reply,
    Row,
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


def test_a_native_histogram_is_not_taken_for_a_number():
    data = {"resultType": "vector", "result": [{"metric": {}, "histogram": [1, {"count": "3"}]}]}
    with pytest.raises(SourceError, match="native histograms are not supported"):
        read_answer(reply(data), ASKED)


def test_a_long_explanation_is_cut():
    with pytest.raises(SourceError) as caught:
        read_answer(Reply(500, b"x" * 10_000, "text/plain"), ASKED)
    assert len(str(caught.value)) < 600
