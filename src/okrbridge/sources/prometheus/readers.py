"""How the answers of batches are read: as rows of labels and points, or as levels in few large pieces."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from okrbridge.domain.windows import epoch_seconds
from okrbridge.sources.prometheus.batches import MEMBER, Moments
from okrbridge.sources.prometheus.http.client import PrometheusClient
from okrbridge.sources.prometheus.http.envelope import Answer, Row
from okrbridge.sources.prometheus.http.levels import Levels

_MARK = f'"{MEMBER}":"'.encode()


class RowReader:
    """Reads answers as rows."""

    def __init__(self, client: PrometheusClient) -> None:
        self._client = client

    def read(self, query: str, moments: Moments) -> Answer:
        """The answer.

        Raises:
            SourceError: no usable answer.
        """
        if moments.first == moments.last:
            return self._client.query(query, moments.last)
        return self._client.query_range(query, moments.first, moments.last, moments.step)

    def apart(self, found: Answer, places: Collection[int]) -> Mapping[int, Answer]:
        """The rows of each member, without the label that told them apart."""
        rows: dict[str, list[Row]] = {str(place): [] for place in places}
        for row in found.rows:
            labels = {name: value for name, value in row.labels.items() if name != MEMBER}
            rows[row.labels[MEMBER]].append(Row(labels, row.points))
        return {place: Answer(found.result_type, tuple(rows[str(place)]), found.warnings) for place in places}

    def joined(self, parts: Sequence[Answer]) -> Answer:
        """The rows of all parts behind each other."""
        rows = tuple(row for part in parts for row in part.rows)
        return Answer(parts[0].result_type, rows, _warnings([part.warnings for part in parts]))


class LevelReader:
    """Reads answers as levels."""

    def __init__(self, client: PrometheusClient) -> None:
        self._client = client

    def read(self, query: str, moments: Moments) -> Levels:
        """The answer, a column a moment.

        Raises:
            SourceError: no usable answer.
        """
        step = int(moments.step.total_seconds())
        first, last = epoch_seconds(moments.first), epoch_seconds(moments.last)
        return self._client.levels(query, np.arange(first, last + 1, step, dtype=np.int64))

    def apart(self, found: Levels, places: Collection[int]) -> Mapping[int, Levels]:
        """The series of each member, without the label that told them apart."""
        texts: dict[bytes, list[bytes]] = {b"%d" % place: [] for place in places}
        rows: dict[bytes, list[int]] = {place: [] for place in texts}
        for row, text in enumerate(found.texts):
            before, _, rest = text.partition(_MARK)
            place, _, after = rest.partition(b'"')
            texts[place].append(before + after[1:] if after else before[:-1])
            rows[place].append(row)
        return {int(place): Levels(texts[place], found.values[rows[place]], found.warnings) for place in texts}

    def joined(self, parts: Sequence[Levels]) -> Levels:
        """The columns of all parts beside each other; NaN where a part lacks a series."""
        places: dict[bytes, int] = {}
        for part in parts:
            for text in part.texts:
                places.setdefault(text, len(places))
        values = np.full((len(places), sum(part.values.shape[1] for part in parts)), np.nan)
        first = 0
        for part in parts:
            end = first + part.values.shape[1]
            values[[places[text] for text in part.texts], first:end] = part.values
            first = end
        return Levels(list(places), values, _warnings([part.warnings for part in parts]))


def _warnings(told: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Each once."""
    return tuple(dict.fromkeys(text for texts in told for text in texts))
