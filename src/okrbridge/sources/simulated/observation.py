"""What can be read off the fleet: series at an instant, and exact increases of counters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from okrbridge.promql.selectors import Selector
from okrbridge.sources.simulated.fleet import BUCKET, COUNT, JOB, REQUESTS, SUM, Fleet, Labels, Series
from okrbridge.sources.simulated.schedule import PodLife

COUNTERS = frozenset({REQUESTS, BUCKET, SUM, COUNT})

Vector = dict[Labels, float]
_Floats = npt.NDArray[np.float64]
_Bools = npt.NDArray[np.bool_]


class UnknownToTheFleet(ValueError):  # noqa: N818 - the name is what the user is told
    """PromQL that the simulated source cannot evaluate; the message is for the user."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the simulated source does not know {what}; a Prometheus in OKRBRIDGE_PROMETHEUS_URL does")


@dataclass(frozen=True, slots=True)
class Increases:
    """Increases of all series a selector takes, summed, one entry a step.

    Attributes:
        counts: the sums.
        was_live: whether any of the series was exposed in the step.
    """

    counts: _Floats
    was_live: _Bools


def instant_vector(fleet: Fleet, selector: Selector, at: int) -> Vector:
    """The series a selector takes at an instant; a series whose pod is down is not there."""
    found: Vector = {}
    if at < fleet.begins:
        return found
    for life in fleet.lives(at, at):
        if life.is_up(at):
            for series in [*fleet.series(life, np.array([at], dtype=np.int64)), _up(life)]:
                if series.is_there[0] and series.is_meant_by(selector):
                    found[series.labels] = float(series.values[0])
    return found


def increase_vector(fleet: Fleet, selector: Selector, start: int, end: int) -> Vector:
    """The exact increase over ``(start, end]`` of each counter a selector takes, resets and births included."""
    if selector.metric not in COUNTERS:
        raise UnknownToTheFleet(f"the increase of {selector.metric}: it is no counter of the fleet")
    found: Vector = {}
    start = max(start, fleet.begins)
    edges = np.array([start, max(start, end)], dtype=np.int64)
    for life in fleet.lives(start, int(edges[1])):
        for series in fleet.series(life, edges):
            if series.is_there[1] and series.is_meant_by(selector):
                increase = float(series.values[1] - series.values[0])
                found[series.labels] = found.get(series.labels, 0.0) + increase
    return found


def increases(fleet: Fleet, selector: Selector, edges: npt.NDArray[np.int64]) -> Increases:
    """The exact increase between each two neighbouring edges, summed over all series a selector takes."""
    if selector.metric not in COUNTERS:
        return Increases(np.zeros(len(edges) - 1), np.zeros(len(edges) - 1, dtype=np.bool_))
    counts = np.zeros(len(edges) - 1)
    was_live = np.zeros(len(edges) - 1, dtype=np.bool_)
    for life in fleet.lives(int(edges[0]), int(edges[-1])):
        first = max(0, int(np.searchsorted(edges, life.started_at)) - 1)
        last = min(len(edges) - 1, int(np.searchsorted(edges, life.gone_at)))
        for series in fleet.series(life, edges[first : last + 1]):
            if series.is_meant_by(selector):
                counts[first:last] += np.diff(series.values)
                was_live[first:last] |= series.is_there[1:]
    return Increases(counts, was_live & (edges[:-1] >= fleet.begins))


def _up(life: PodLife) -> Series:
    labels = tuple(sorted({"job": JOB, "instance": life.pod}.items()))
    return Series("up", labels, np.ones(1), np.ones(1, dtype=np.bool_))
