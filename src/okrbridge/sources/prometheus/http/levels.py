"""Decoding the levels of many series at many slice ends: label texts beside one matrix of numbers. Pure.

Tens of thousands of series arrive every minute with the same labels as the minute before. So labels stay the bytes that
the server sent, to be compared and not parsed, and all numbers are read in one step. An answer that is not spelt as
Prometheus and VictoriaMetrics spell it is parsed in full.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import orjson

from okrbridge.domain.ledger import FloatArray, IntArray
from okrbridge.errors import SourceFailureReason
from okrbridge.sources.prometheus.http.envelope import Asked, Reply, UnreadableError, read_data

_RESULT = b'"result":[{"metric":{'
_LONGEST_HEAD = 200
_NEXT_POINT, _POINT_ENDS = b'"]},{"metric":{', b'"]}]}}'
_NEXT_RANGE, _RANGE_ENDS = b'"]]},{"metric":{', b'"]]}]}}'
NO_NUMBER = -np.inf
"""Stands for a sample that is NaN, because NaN stands for no sample."""


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Values of series at slice ends.

    Attributes:
        texts: the labels of each series, as JSON without its braces.
        values: shape (series, slices); NaN where the series has no sample, -inf where its sample is NaN.
    """

    texts: list[bytes]
    values: FloatArray
    warnings: tuple[str, ...] = ()


def read_levels(reply: Reply, asked: Asked, ends: IntArray) -> Levels:
    """The levels of an answer to an instant query, for one end, or to a range query.

    Raises:
        SourceError: anything but a success with a vector or a matrix.
    """
    found = _fast_points(reply.body, len(ends)) or _fast_ranges(reply.body, ends)
    if found is not None:
        return found
    data, warnings = read_data(reply, asked)
    try:
        result = data["result"]
        pairs = [[item["value"]] if "value" in item else item["values"] for item in result]
        texts = [orjson.dumps(item["metric"], option=orjson.OPT_SORT_KEYS)[1:-1] for item in result]
        return Levels(texts, _matrix(_numbers(pairs), [len(one) for one in pairs], ends), warnings)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        message = "answered with a result that cannot be read; native histograms are not supported"
        raise asked.failure(SourceFailureReason.BAD_ANSWER, message, UnreadableError) from error


def _numbers(pairs: Sequence[Sequence[Sequence[Any]]]) -> FloatArray:
    return np.array(list(chain.from_iterable(chain.from_iterable(pairs))), dtype=np.float64)


def _fast_points(body: bytes, ends: int) -> Levels | None:
    """One value for each series, all at the same instant."""
    begin = _begin(body, b'"resultType":"vector"')
    stripped = body.rstrip() if begin else b""
    if ends != 1 or not stripped.endswith(_POINT_ENDS):
        return None
    pieces = stripped[begin : -len(_POINT_ENDS)].split(_NEXT_POINT)
    before, _, value = pieces[0].rpartition(b',"')
    delimiter = before[before.rfind(b'},"value":[') :] + b',"'
    parts = [piece.partition(delimiter) for piece in pieces]
    try:
        values = np.array([part[2] for part in parts], dtype=np.bytes_).astype(np.float64)
    except ValueError:
        return None  # some series stands at another instant
    values[np.isnan(values)] = NO_NUMBER
    return Levels([part[0] for part in parts], values[:, None]) if value else None


def _fast_ranges(body: bytes, ends: IntArray) -> Levels | None:
    """Many values for each series."""
    begin = _begin(body, b'"resultType":"matrix"')
    stripped = body.rstrip() if begin else b""
    if not stripped.endswith(_RANGE_ENDS):
        return None
    parts = [piece.partition(b'},"values":[[') for piece in stripped[begin : -len(_RANGE_ENDS)].split(_NEXT_RANGE)]
    counts = [part[2].count(b"],[") + 1 for part in parts]
    plain = b",".join([part[2] for part in parts]).translate(None, b'[]"')
    numbers = np.fromstring(plain, dtype=np.float64, sep=",")
    if len(numbers) != 2 * sum(counts):
        return None
    return Levels([part[0] for part in parts], _matrix(numbers, counts, ends))


def _begin(body: bytes, kind: bytes) -> int:
    """Where the labels of the first series begin; 0 when this is no success of that kind with any series."""
    at = body.find(_RESULT, 0, _LONGEST_HEAD)
    head = body[: max(at, 0)]
    return at + len(_RESULT) if kind in head and b'"status":"success"' in head else 0


def _matrix(numbers: FloatArray, counts: Sequence[int], ends: IntArray) -> FloatArray:
    """Numbers, by turns instants and values, as one row a series; instants that were not asked for are left out."""
    values = np.full((len(counts), len(ends)), np.nan)
    if not len(numbers):
        return values
    pairs = numbers.reshape(-1, 2)
    step = int(ends[1] - ends[0]) if len(ends) > 1 else 1
    column = np.rint((pairs[:, 0] - ends[0]) / step).astype(np.int64) if len(ends) > 1 else np.zeros(len(pairs), int)
    inside = (column >= 0) & (column < len(ends))
    row = np.repeat(np.arange(len(counts)), counts)
    values[row[inside], column[inside]] = np.where(np.isnan(pairs[:, 1]), NO_NUMBER, pairs[:, 1])[inside]
    return values
