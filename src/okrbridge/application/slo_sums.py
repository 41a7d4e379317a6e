"""What the ledger holds of the windows of all SLOs, summed together where they are counted in one manner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np

from okrbridge.application.ports import Ledger
from okrbridge.application.slo_counts import SloCounts
from okrbridge.application.slo_groups import Asked
from okrbridge.application.slo_reports import NEVER
from okrbridge.domain.burn_rate import BURN_WINDOWS
from okrbridge.domain.error_budget import coverage_ratio
from okrbridge.domain.ledger import FloatArray, IntArray
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


class SloSums:
    """Sums up the windows of the same SLOs at one instant after the other."""

    def __init__(self, slos: Sequence[Slo], grid: Grid) -> None:
        self._slos = slos
        self._grid = grid
        self._groups: Sequence[Asked[RollingWindow | CalendarWindow]] | None = None

    def at(self, ledger: Ledger, counts: SloCounts, at: datetime) -> OwnAndBurnSums:
        """The sums at a slice boundary."""
        sums = OwnAndBurnSums.empty(len(self._slos))
        burns = [self._grid.covering(Interval(at - length, at)) for length in BURN_WINDOWS.values()]
        if self._groups is None:
            self._groups = counts.put_together([(slo, slo.window) for slo in self._slos])
        for asked in self._groups:
            own = self._grid.covering(asked.question.at(at))
            for rows, found in zip(asked.rows, counts.sums(asked.batch, [own, *burns]), strict=True):
                sums.good[rows] = found.known.good
                sums.total[rows] = found.known.total
                sums.measured_seconds[rows] = found.known.measured
                sums.in_force_seconds[rows] = found.known.in_force
                sums.asked_ratio[rows] = found.asked_ratio[:, 0]
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
