"""Decoding levels: as the servers spell them, and in any other spelling of the same answer."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from okrbridge.errors import SourceError
from okrbridge.sources.prometheus.http.envelope import Asked, Reply
from okrbridge.sources.prometheus.http.levels import read_levels

ASKED = Asked("prom", "http://prometheus:9090", "x")
TRICKY = {"__name__": "x", "path": 'a"]},{"metric":{"b', "more": "é\\\n"}
ENDS = np.array([60, 120, 180])


def body(kind: str, result: Sequence[Mapping[str, object]], *, compact: bool = True, **beside: object) -> Reply:
    envelope = {"status": "success", "data": {"resultType": kind, "result": result}, **beside}
    separators = (",", ":") if compact else None
    return Reply(200, json.dumps(envelope, separators=separators, ensure_ascii=not compact).encode())


def labels(text: bytes) -> dict[str, str]:
    found: dict[str, str] = json.loads(b"{" + text + b"}")
    return found


@pytest.mark.parametrize("compact", [True, False])
def test_points_are_read_whatever_the_spelling(compact):
    result = [
        {"metric": TRICKY, "value": [60, "1e+06"]},
        {"metric": {}, "value": [60, "NaN"]},
        {"metric": {"__name__": "y"}, "value": [60, "+Inf"]},
    ]
    found = read_levels(body("vector", result, compact=compact), ASKED, ENDS[:1])
    assert [labels(text) for text in found.texts] == [TRICKY, {}, {"__name__": "y"}]
    # NaN stands for no sample, so a sample that is NaN is -inf.
    assert found.values.tolist() == [[1e6], [-np.inf], [np.inf]]


@pytest.mark.parametrize("compact", [True, False])
def test_ranges_are_read_into_columns_with_holes(compact):
    result = [
        {"metric": TRICKY, "values": [[60, "1"], [180, "3.5"]]},
        {"metric": {"a": "b"}, "values": [[120, "NaN"]]},
    ]
    found = read_levels(body("matrix", result, compact=compact), ASKED, ENDS)
    assert [labels(text) for text in found.texts] == [TRICKY, {"a": "b"}]
    assert np.array_equal(found.values, [[1, np.nan, 3.5], [np.nan, -np.inf, np.nan]], equal_nan=True)


@pytest.mark.parametrize("kind", ["vector", "matrix"])
def test_an_empty_answer_holds_no_series(kind):
    found = read_levels(body(kind, []), ASKED, ENDS)
    assert (found.texts, found.values.shape) == ([], (0, 3))


def test_warnings_are_kept():
    result = [{"metric": {"a": "b"}, "value": [60, "1"]}]
    found = read_levels(body("vector", result, warnings=["a store is down"]), ASKED, ENDS[:1])
    assert (found.values.tolist(), found.warnings) == ([[1]], ("a store is down",))


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[60,"1"'),
        Reply(200, b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"}}]}}'),
        Reply(400, b'{"status":"error","errorType":"bad_data","error":"no"}'),
    ],
)
def test_what_is_no_answer_is_a_failure(reply):
    with pytest.raises(SourceError):
        read_levels(reply, ASKED, ENDS[:1])
