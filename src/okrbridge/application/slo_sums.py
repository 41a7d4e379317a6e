"""What the ledger holds of the windows of all SLOs: summed together where it can be, the others one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np

from okrbridge.application.ports import Ledger
from okrbridge.application.slo_counts import SloCounts
from okrbridge.application.slo_reports import NEVER
from okrbridge.domain.burn_rate import BURN_WINDOWS
from okrbridge.domain.error_budget import coverage_ratio, quotient
from okrbridge.domain.ledger import FloatArray, IntArray, WindowCounts
from okrbridge.domain.maintenance import MaintenanceWindow
from okrbridge.domain.slo import Slo
from okrbridge.domain.windows import CalendarWindow, Grid, Interval, RollingWindow


@dataclass(frozen=True, slots=True, eq=False)
class OwnAndBurnSums:
    """Sums over each SLO's own window, first, and the burn windows.

    Attributes:
        good, total, measured_seconds, in_force_seconds: shape (SLOs, 1 + BURN_WINDOWS).
        asked_ratio: share of the own window that was asked for, measured or not; shape (SLOs,).
        measured_until: epoch seconds of the end of the newest measured slice, NEVER for none; shape (SLOs,).
    """

    good: FloatArray
    total: FloatArray
    measured_seconds: FloatArray
    in_force_seconds: FloatArray
    asked_ratio: FloatArray
    measured_until: IntArray

    @classmethod
    def empty(cls, slos: int) -> OwnAndBurnSums:
        """Zeros, to be filled row by row."""
        shape = (slos, 1 + len(BURN_WINDOWS))
        return cls(
            good=np.zeros(shape),
            total=np.zeros(shape),
            measured_seconds=np.zeros(shape),
            in_force_seconds=np.zeros(shape),
            asked_ratio=np.zeros(slos),
            measured_until=np.full(slos, NEVER, dtype=np.int64),
        )

    @property
    def coverage(self) -> FloatArray:
        """Measured time over time in force; same shape."""
        return coverage_ratio(self.measured_seconds, self.in_force_seconds)


@dataclass(frozen=True, eq=False)
class _Group:
    """SLOs with one window that leave the same maintenance out, and need nothing but the ledger's sums.

    Attributes:
        rows: their places among all SLOs.
        keys: of their SLIs, each once.
        places: where each SLO's SLI stands in ``keys``.
    """

    window: RollingWindow | CalendarWindow
    excluding: tuple[MaintenanceWindow, ...]
    rows: IntArray
    keys: Sequence[str]
    places: IntArray


class SloSums:
    """Sums up the windows of the same SLOs at one instant after the other."""

    def __init__(self, slos: Sequence[Slo], grid: Grid) -> None:
        self._slos = slos
        self._grid = grid
        self._kinds: tuple[Sequence[_Group], Sequence[int]] | None = None

    def at(self, ledger: Ledger, counts: SloCounts, at: datetime) -> OwnAndBurnSums:
        """The sums at a slice boundary."""
        sums = OwnAndBurnSums.empty(len(self._slos))
        burns = [self._grid.covering(Interval(at - length, at)) for length in BURN_WINDOWS.values()]
        if self._kinds is None:
            self._kinds = _sorted_by_kind(self._slos, counts)
        groups, others = self._kinds
        for group in groups:
            _add_group(sums, group, counts, [self._grid.covering(group.window.at(at)), *burns])
        for row in others:
            slo = self._slos[row]
            own = self._grid.covering(slo.window.at(at))
            _add_one(sums, row, counts.window_counts(slo, [own, *burns]))
            sums.asked_ratio[row] = _asked_ratio(ledger, slo, own)
        self._add_newest(sums, ledger, at)
        return sums

    @cached_property
    def _leaves(self) -> tuple[Sequence[str], IntArray, IntArray]:
        """The keys of all SLIs that are counted; for each that an SLO needs its place there, and the SLO's row."""
        keys = {leaf.key: None for slo in self._slos for leaf in slo.sli.leaves}
        places = {key: place for place, key in enumerate(keys)}
        pairs = [(places[leaf.key], row) for row, slo in enumerate(self._slos) for leaf in slo.sli.leaves]
        table = np.array(pairs, dtype=np.int64).reshape(len(pairs), 2)
        return list(keys), table[:, 0], table[:, 1]

    def _add_newest(self, sums: OwnAndBurnSums, ledger: Ledger, at: datetime) -> None:
        """A composite is as old as the oldest of the members that were ever measured."""
        keys, places, rows = self._leaves
        ends = ledger.last_measured_ends(keys, at)[places]
        was_measured = ends >= 0
        far = np.iinfo(np.int64).max
        oldest = np.full(len(self._slos), far)
        np.minimum.at(oldest, rows[was_measured], ends[was_measured])
        sums.measured_until[:] = np.where(oldest == far, NEVER, oldest)


def _sorted_by_kind(slos: Sequence[Slo], counts: SloCounts) -> tuple[Sequence[_Group], Sequence[int]]:
    """The SLOs that are summed together, and the rows of the others."""
    together: dict[tuple[RollingWindow | CalendarWindow, tuple[str, ...]], list[int]] = defaultdict(list)
    others: list[int] = []
    for row, slo in enumerate(slos):
        excluding = counts.group_of(slo)
        if excluding is None:
            others.append(row)
        else:
            together[slo.window, tuple(window.name for window in excluding)].append(row)
    return [_group(rows, slos, counts) for rows in together.values()], others


def _group(rows: Sequence[int], slos: Sequence[Slo], counts: SloCounts) -> _Group:
    first = slos[rows[0]]
    keys = {slos[row].sli.key: None for row in rows}
    place_of = {key: place for place, key in enumerate(keys)}
    places = np.array([place_of[slos[row].sli.key] for row in rows], dtype=np.int64)
    return _Group(first.window, counts.group_of(first) or (), np.array(rows, dtype=np.int64), list(keys), places)


def _add_group(sums: OwnAndBurnSums, group: _Group, counts: SloCounts, intervals: Sequence[Interval]) -> None:
    found, in_force = counts.group_sums(group.keys, intervals, group.excluding)
    rows, places = group.rows, group.places
    sums.good[rows] = found.good[places]
    sums.total[rows] = found.total[places]
    sums.measured_seconds[rows] = found.measured_seconds[places]
    sums.in_force_seconds[rows] = in_force
    asked = found.asked_seconds[places, 0]
    sums.asked_ratio[rows] = quotient(asked, np.broadcast_to(in_force[0], asked.shape), otherwise=1.0)


def _add_one(sums: OwnAndBurnSums, row: int, found: Sequence[WindowCounts]) -> None:
    sums.good[row] = [one.good for one in found]
    sums.total[row] = [one.total for one in found]
    sums.measured_seconds[row] = [one.measured.total_seconds() for one in found]
    sums.in_force_seconds[row] = [one.in_force.total_seconds() for one in found]


def _asked_ratio(ledger: Ledger, slo: Slo, window: Interval) -> float:
    """Share of a window that was asked for of every SLI behind an SLO."""
    if window.length <= timedelta(0):
        return 1.0
    asked = ledger.window_sums([leaf.key for leaf in slo.sli.leaves], [window]).asked_seconds
    return float(asked.min()) / window.length.total_seconds()
