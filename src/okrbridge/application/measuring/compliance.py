"""How much of its time a maintain key result held: from an SLO's windows, or from the measurements that were kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise

from okrbridge.application.measuring.by_slo import SloValues, cut
from okrbridge.application.ports import ProgressRecords
from okrbridge.application.records import Measurement
from okrbridge.application.verdict_runs import verdict_runs
from okrbridge.domain.compliance import Compliance, Verdict, compliance_of, compliance_ratio
from okrbridge.domain.key_results import KeyResult
from okrbridge.domain.measures import SloMeasure, SloQuantity
from okrbridge.domain.progress import holds
from okrbridge.domain.units import RATIO, convert
from okrbridge.domain.windows import Interval

STANDS_FOR = timedelta(days=1)
"""A measurement tells of the time until the next one, and not of more than a day."""

Point = tuple[datetime, float | None]
"""When something was measured, and its value; None for an attempt without one."""


@dataclass(frozen=True, slots=True)
class ComplianceTotals:
    """Good and observed time up to the last measurement.

    Attributes:
        before: the totals without the last measurement, for when it is made again.
    """

    last: Point
    good_seconds: float = 0.0
    observed_seconds: float = 0.0
    before: ComplianceTotals | None = None

    def then(self, point: Point, key_result: KeyResult) -> ComplianceTotals:
        """The totals with one more measurement; the last one stood until then."""
        more = compliance_of(_verdicts([self.last, point], key_result), key_result.qualifying)
        good, observed = self.good_seconds + more.good_seconds, self.observed_seconds + more.observed_seconds
        return ComplianceTotals(
            point, good, observed, ComplianceTotals(self.last, self.good_seconds, self.observed_seconds)
        )

    @property
    def compliance(self) -> Compliance:
        """Good time over observed time."""
        ratio = compliance_ratio(self.good_seconds, self.observed_seconds)
        return Compliance(self.good_seconds, self.observed_seconds, ratio)


def compliance_to_date(
    key_result: KeyResult,
    measurement: Measurement,
    progress: ProgressRecords,
    slos: SloValues,
    kept: dict[str, ComplianceTotals],
) -> Compliance:
    """Good share of the qualified time so far (formula A3).

    An SLO over windows of a length, or in qualifying times, is judged window by window from the ledger. All else is
    judged by the measurements: each stands until the next one, for a day at most.
    """
    windows = slo_windows(key_result, measurement.at)
    if windows is not None and isinstance(key_result.measure, SloMeasure):
        slo = slos.slos[key_result.measure.slo]

        def is_good(ratio: float) -> bool:
            return holds(key_result, convert(ratio, RATIO, key_result.unit))

        return compliance_of(slos.verdicts(slo, windows, is_good), key_result.qualifying)
    totals = _totals(key_result, measurement, progress, kept.get(key_result.id))
    kept[key_result.id] = totals
    return totals.compliance


def slo_windows(key_result: KeyResult, at: datetime) -> list[Interval] | None:
    """The windows that an SLO is judged in, up to now; None for what is judged by its measurements."""
    measure, period = key_result.measure, key_result.period
    if not isinstance(measure, SloMeasure) or measure.quantity is not SloQuantity.SLI:
        return None
    to_date = Interval(period.start, max(period.start, min(at, period.end)))
    if measure.over is not None:
        return cut(to_date, measure.over.length)
    if key_result.qualifying:
        return [one.clipped(to_date) for one in key_result.qualifying if one.start < to_date.end]
    return None


def _totals(
    key_result: KeyResult, measurement: Measurement, progress: ProgressRecords, kept: ComplianceTotals | None
) -> ComplianceTotals:
    point = (measurement.at, measurement.value if measurement.is_filled else None)
    if kept is not None and kept.last[0] == measurement.at:
        kept = kept.before
    if kept is not None and kept.last[0] < measurement.at:
        return kept.then(point, key_result)
    return _read(key_result, progress, point)


def _read(key_result: KeyResult, progress: ProgressRecords, point: Point) -> ComplianceTotals:
    """The totals from everything that was kept; read once, when a process begins or history has grown."""
    measured = progress.measured(key_result.id, Interval(key_result.period.start, point[0]))
    if not measured:
        return ComplianceTotals(point)
    earlier = compliance_of(_verdicts(measured, key_result), key_result.qualifying)
    last = ComplianceTotals(measured[-1], earlier.good_seconds, earlier.observed_seconds)
    return last.then(point, key_result)


def _verdicts(points: Sequence[Point], key_result: KeyResult) -> Iterator[Verdict]:
    end = key_result.period.end
    judged = (
        (min(at, end), min(following, at + STANDS_FOR, end), value) for (at, value), (following, _) in pairwise(points)
    )
    return verdict_runs(judged, partial(holds, key_result))
