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
from okrbridge.domain.key_results import KeyResult, KeyResultKind
from okrbridge.domain.measures import SloMeasure
from okrbridge.domain.sli import CompositeMode, SliKind
from okrbridge.domain.slo import Budgeting, Slo
from okrbridge.domain.windows import CalendarWindow, RollingWindow, epoch_seconds

EVERY = timedelta(hours=1)

MARGIN = timedelta(days=1)
"""Kept beyond what is needed, so that an evaluation as of yesterday still has its whole window."""


MOST_EVALUATIONS = 10_000
"""Evaluations forgotten at once; a tick a second makes 3,600 an hour."""


@dataclass
class Retention:
    """Forgets old slices, old sums of hours, and what old ticks said of themselves, once an hour."""

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
            removed += transaction.evaluations.expire(at - self.parts.keep_records, MOST_EVALUATIONS)
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
        baselines = (start for start, _ in self._baselines(at))
        return min([at - self.parts.keep_hours, *(need.interval.start for need in needs), *baselines]) - MARGIN

    def _fine_starts(self, at: datetime) -> Iterator[datetime]:
        """Starts of the windows and of the time of key results that need the slices themselves."""
        for window, slos in self._slos_by_window.items():
            start = window.at(at).start
            if isinstance(window, RollingWindow) or _is_inside_an_hour(start) or any(map(self._needs_slices, slos)):
                yield start
        for key_result in self.definitions.key_results:
            since = self.definitions.measured_since(key_result, at)
            if since is not None and isinstance(key_result.measure, SloMeasure):
                slo, over = self.definitions.slo_by_name[key_result.measure.slo], key_result.measure.over
                if over is not None:
                    yield over.at(at).start
                if any(map(_is_inside_an_hour, _edges(key_result, since))) or self._needs_slices(slo):
                    yield since
        for begin, slo in self._baselines(at):
            if _is_inside_an_hour(begin) or self._needs_slices(slo):
                yield begin
        rolling = (self.definitions.indicator_since(one, at) for one in self.definitions.indicators)
        yield from filter(None, rolling)

    def _baselines(self, at: datetime) -> Iterator[tuple[datetime, Slo]]:
        """Starts of the windows that baselines are measured over, those to come too, with the SLO that is asked."""
        for key_result in self.definitions.key_results:
            start = self.definitions.baseline_since(key_result, at)
            if start is not None:
                for measure in self.definitions.slo_measures(key_result):
                    yield start, self.definitions.slo_by_name[measure.slo]

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


def _edges(key_result: KeyResult, start: datetime) -> Iterator[datetime]:
    """Instants of which one inside an hour tells that the windows from a key result's start on do not fit whole hours.

    What is to be maintained is judged in windows of a length, one after the other, or in the times that qualify.
    """
    yield start
    measure = key_result.measure
    if isinstance(measure, SloMeasure) and measure.over is not None and key_result.kind is KeyResultKind.MAINTAIN:
        yield start + measure.over.length
    for qualifying in key_result.qualifying:
        yield from (qualifying.start, qualifying.end)


def _is_inside_an_hour(at: datetime) -> bool:
    """Whether an instant lies inside a whole hour of UTC, as days do in zones that are half an hour off."""
    return epoch_seconds(at) % 3600 != 0
