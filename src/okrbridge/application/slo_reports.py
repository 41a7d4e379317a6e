"""All SLOs as evaluated at one boundary: numbers in columns, reports of single SLOs made when they are asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import overload

import numpy as np
import numpy.typing as npt

from okrbridge.domain.burn_rate import BURN_WINDOWS
from okrbridge.domain.error_budget import coverage_ratio
from okrbridge.domain.ledger import FloatArray, IntArray, StateArray, WindowCounts
from okrbridge.domain.slo import Slo, SloState
from okrbridge.domain.windows import Grid, Interval, from_epoch

BoolArray = npt.NDArray[np.bool_]

STATES: tuple[SloState, ...] = tuple(SloState)
"""What the numbers in a column of states stand for."""

NEVER = -1
"""In a column of instants: there is none."""


@dataclass(frozen=True, slots=True)
class SloDetails:
    """What is told of an SLO beside its numbers.

    Attributes:
        failure: why the last evaluation got no new counts; empty when it did.
        query: what is asked for each slice, word for word.
        method: how events are counted.
        alerts_frozen: why burn alerts say nothing now; empty when they may.
        is_low_traffic: whether a burn pair is held back for too few events or failures; None without such a guard.
    """

    failure: str = ""
    query: str = ""
    method: str = ""
    warnings: tuple[str, ...] = ()
    alerts_frozen: str = ""
    is_low_traffic: bool | None = None


@dataclass(frozen=True, slots=True)
class SloReport:
    """An SLO as evaluated. Unknown numbers are None; all ratios are 0..1 except burn and budget.

    Attributes:
        window: the interval of the SLO's own window; of a calendar window the period to date.
        counts: good and total over it.
        error_ratios, burn_rates: by window name; None without coverage in that window (an error ratio also
            without events).
        last_measured_end: end of the newest measured slice.
        evaluated_at: the slice boundary the numbers speak of.
        events_good_total, events_bad_total: events counted live since this process started; they only grow, so
            they are exported as counters. Backfilled history is not in them.
        budget_expected_ratio: of a calendar window: the share of the budget that even spending would have consumed.
        budget_exhausted_at: of a calendar window: when the budget is spent at the burn rate of the last day; None when
            it outlasts the period.
    """

    slo: Slo
    window: Interval
    counts: WindowCounts
    sli_ratio: float | None
    budget_consumed_ratio: float | None
    budget_remaining_ratio: float | None
    error_ratios: Mapping[str, float | None]
    burn_rates: Mapping[str, float | None]
    state: SloState
    evaluated_at: datetime
    last_measured_end: datetime | None
    events_good_total: float = 0.0
    events_bad_total: float = 0.0
    budget_expected_ratio: float | None = None
    budget_exhausted_at: datetime | None = None
    details: SloDetails = field(default_factory=SloDetails)

    @property
    def excluded(self) -> timedelta:
        """The part of the window that is not in force."""
        return self.window.length - self.counts.in_force

    def data_age_seconds(self, now: datetime) -> float | None:
        """Seconds since the end of the newest measured slice; None when nothing was ever measured."""
        if self.last_measured_end is None:
            return None
        return max(0.0, (now - self.last_measured_end).total_seconds())


@dataclass(frozen=True, slots=True, eq=False)
class SloColumns:
    """The numbers of all SLOs, one entry an SLO; NaN is unknown.

    Attributes:
        good, total, measured_seconds, in_force_seconds: of each SLO's own window; shape (SLOs,), as all that follow.
        sli_ratio, consumed, remaining: as in SloReport.
        error_ratios, burn_rates: shape (SLOs, BURN_WINDOWS).
        states: places in STATES.
        measured_until: epoch seconds of the end of the newest measured slice, NEVER when there is none.
        events_good, events_bad: live events.
        expected: as budget_expected_ratio of SloReport.
        exhausted_at: as budget_exhausted_at there, in epoch seconds.
        alerts_frozen: whether maintenance or missing data holds burn alerts back.
    """

    good: FloatArray
    total: FloatArray
    measured_seconds: FloatArray
    in_force_seconds: FloatArray
    sli_ratio: FloatArray
    consumed: FloatArray
    remaining: FloatArray
    error_ratios: FloatArray
    burn_rates: FloatArray
    states: StateArray
    measured_until: IntArray
    events_good: FloatArray
    events_bad: FloatArray
    expected: FloatArray
    exhausted_at: FloatArray
    alerts_frozen: BoolArray

    @property
    def coverage(self) -> FloatArray:
        """Measured share of the time in force of each SLO's own window."""
        return coverage_ratio(self.measured_seconds, self.in_force_seconds)


@dataclass(frozen=True, eq=False)
class SloDirectory:
    """The SLOs in the order declared, and where each stands; the same from tick to tick while the definitions are."""

    slos: tuple[Slo, ...]

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """The place of each SLO by name."""
        return {slo.name: row for row, slo in enumerate(self.slos)}


class SloReports(Sequence[SloReport]):
    """The reports of all SLOs, in the order declared; each is made when it is asked for.

    Args:
        directory: the SLOs.
        at: the boundary evaluated.
        details: tells what is not a number of the SLO in a row.
    """

    def __init__(
        self,
        directory: SloDirectory,
        columns: SloColumns,
        at: datetime,
        grid: Grid,
        details: Callable[[int], SloDetails],
    ) -> None:
        self.directory = directory
        self.columns = columns
        self.at = at
        self._grid = grid
        self._details = details

    def __len__(self) -> int:
        return len(self.directory.slos)

    @overload
    def __getitem__(self, row: int) -> SloReport: ...
    @overload
    def __getitem__(self, row: slice) -> tuple[SloReport, ...]: ...
    def __getitem__(self, row: int | slice) -> SloReport | tuple[SloReport, ...]:
        if isinstance(row, slice):
            return tuple(self._report(one) for one in range(len(self))[row])
        return self._report(range(len(self))[row])

    @property
    def by_name(self) -> Mapping[str, SloReport]:
        """The reports by name; looking one up makes just that one."""
        return _ByName(self)

    def select(self, service: str | None = None, states: Collection[SloState] = ()) -> list[int]:
        """The rows of the SLOs of a service and in one of some states; no limit where nothing is given."""
        rows = range(len(self))
        if states:
            wanted = [STATES.index(state) for state in states]
            rows_in_state: Sequence[int] = np.flatnonzero(np.isin(self.columns.states, wanted)).tolist()
        else:
            rows_in_state = rows
        return [row for row in rows_in_state if service is None or self.directory.slos[row].service == service]

    def _report(self, row: int) -> SloReport:
        slo, numbers = self.directory.slos[row], self.columns
        measured_until, exhausted_at = int(numbers.measured_until[row]), known(numbers.exhausted_at[row])
        return SloReport(
            slo=slo,
            window=self._grid.covering(slo.window.at(self.at)),
            counts=WindowCounts(
                good=float(numbers.good[row]),
                total=float(numbers.total[row]),
                measured=timedelta(seconds=float(numbers.measured_seconds[row])),
                in_force=timedelta(seconds=float(numbers.in_force_seconds[row])),
            ),
            sli_ratio=known(numbers.sli_ratio[row]),
            budget_consumed_ratio=known(numbers.consumed[row]),
            budget_remaining_ratio=known(numbers.remaining[row]),
            error_ratios=_by_window(numbers.error_ratios[row]),
            burn_rates=_by_window(numbers.burn_rates[row]),
            state=STATES[numbers.states[row]],
            evaluated_at=self.at,
            last_measured_end=None if measured_until == NEVER else from_epoch(measured_until),
            events_good_total=float(numbers.events_good[row]),
            events_bad_total=float(numbers.events_bad[row]),
            budget_expected_ratio=known(numbers.expected[row]),
            budget_exhausted_at=None if exhausted_at is None else from_epoch(exhausted_at),
            details=self._details(row),
        )


class _ByName(Mapping[str, SloReport]):
    def __init__(self, reports: SloReports) -> None:
        self._reports = reports

    def __getitem__(self, name: str) -> SloReport:
        return self._reports[self._reports.directory.rows[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._reports.directory.rows)

    def __len__(self) -> int:
        return len(self._reports)

    def __contains__(self, name: object) -> bool:
        return name in self._reports.directory.rows


def known(ratio: float) -> float | None:
    """A number for reports: None where the domain says NaN."""
    return None if math.isnan(ratio) else float(ratio)


def _by_window(row: FloatArray) -> Mapping[str, float | None]:
    return dict(zip(BURN_WINDOWS, map(known, row), strict=True))
