"""Retention: what the ledger may forget, and never what a window in force needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from okrbridge.application.history_needs import HistoryNeeds
from okrbridge.application.parts import Parts
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.measures import SloMeasure
from okrbridge.domain.sli import CompositeMode, SliKind
from okrbridge.domain.slo import Budgeting, Slo
from okrbridge.domain.windows import CalendarWindow, RollingWindow, epoch_seconds

EVERY = timedelta(hours=1)

MARGIN = timedelta(days=1)
"""Kept beyond what is needed, so that an evaluation as of yesterday still has its whole window."""


@dataclass
class Retention:
    """Forgets old slices and old sums of hours, once an hour."""

    parts: Parts
    definitions: DefinitionSet
    _done: datetime | None = field(default=None, init=False)

    def run(self, at: datetime) -> int:
        """Forget what is due at a tick; returns how many rows were removed."""
        if self._done is not None and at - self._done < EVERY:
            return 0
        slices_before, hours_before = self.slices_before(at), self.hours_before(at)
        with self.parts.storage.transaction() as transaction:
            removed = transaction.ledger.expire(slices_before, min(hours_before, slices_before))
        self._done = at
        return removed

    def slices_before(self, at: datetime) -> datetime:
        """Fine slices that start before this are not needed.

        Needed are those of rolling windows, whose far edge lies inside an hour, and of whatever else sums of whole
        hours cannot tell.
        """
        return min([at - self.parts.keep_slices, *self._fine_starts(at)]) - MARGIN

    def hours_before(self, at: datetime) -> datetime:
        """Sums of hours that start before this are not needed."""
        needs = HistoryNeeds(self.definitions, self.parts.grid).at(at)
        return min([at - self.parts.keep_hours, *(need.interval.start for need in needs)]) - MARGIN

    def _fine_starts(self, at: datetime) -> Iterator[datetime]:
        """Starts of the windows and of the time of key results that need the slices themselves."""
        for window, slos in self._slos_by_window.items():
            start = window.at(at).start
            if isinstance(window, RollingWindow) or _is_inside_an_hour(start) or any(map(self._needs_slices, slos)):
                yield start
        for key_result in self.definitions.key_results:
            if isinstance(key_result.measure, SloMeasure):
                over, slo = key_result.measure.over, self.definitions.slo_by_name[key_result.measure.slo]
                start = over.at(at).start if over is not None else key_result.period.start
                if over is not None or _is_inside_an_hour(start) or self._needs_slices(slo):
                    yield start

    @cached_property
    def _slos_by_window(self) -> Mapping[RollingWindow | CalendarWindow, Sequence[Slo]]:
        found: dict[RollingWindow | CalendarWindow, list[Slo]] = defaultdict(list)
        for slo in self.definitions.slos:
            found[slo.window].append(slo)
        return found

    def _needs_slices(self, slo: Slo) -> bool:
        """Whether sums of hours say too little: time slices, members judged slice by slice, time left out."""
        return (
            slo.budgeting is not Budgeting.OCCURRENCES
            or (slo.sli.kind is SliKind.COMPOSITE and slo.sli.mode is CompositeMode.ALL)
            or any(window.is_excluded and window.applies_to(slo) for window in self.definitions.maintenance)
        )


def _is_inside_an_hour(at: datetime) -> bool:
    """Whether an instant lies inside a whole hour of UTC, as days do in zones that are half an hour off."""
    return epoch_seconds(at) % 3600 != 0
