"""Counting by letting the server subtract and sum: one number a selector and slice, whatever the cardinality.

One cheap question surveys all slices of all SLIs. It counts the ordinary ones, and tells in which a series was born,
reset or restarted. In those, carry reads the few targets concerned. Where they are too many, the server is asked in
full, and with a longer reach in the first slices after gaps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from okrbridge.application.ports import Counted, CountRequest, PlannedQuery, SourceFailure
from okrbridge.domain.ledger import FloatArray, SliceState, SliceTable
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import EPOCH, Grid, Interval, epoch_seconds
from okrbridge.errors import SourceError, SourceFailureReason
from okrbridge.promql.selectors import Matcher
from okrbridge.sources.prometheus.batches import Batches, Member, Moments
from okrbridge.sources.prometheus.carry.asking import named
from okrbridge.sources.prometheus.http.envelope import Answer
from okrbridge.sources.prometheus.outcomes import Outcomes
from okrbridge.sources.prometheus.push_down.counters import (
    AGAIN,
    ARRIVED,
    COUNT,
    LIVE,
    ODD,
    RESTARTED,
    Counter,
    Reach,
    counting_query,
    survey_query,
)
from okrbridge.sources.prometheus.push_down.fusion import Fused, fuse
from okrbridge.sources.prometheus.push_down.layout import BoolArray, Layout, lay_out
from okrbridge.sources.prometheus.push_down.settlements import (
    Settlement,
    gap_settlements,
    odd_settlements,
    return_settlements,
)
from okrbridge.sources.prometheus.push_down.tallies import Tally
from okrbridge.sources.prometheus.push_down.walking import Surveyed, Walker

METHOD = "sums"
MOST_RETURNS = 100
"""Slices of one request in which series came back beside others that are asked again with a longer reach; others keep
their count, and a warning says so."""
_TOO_MANY_RETURNS = "series came back in many slices; the oldest were not asked again, and may lack events"
_RESET_AGAIN = (
    "counters were reset more than once in a slice, on too many targets to be read one by one; it may lack events"
)
_ROUNDING = 1e-9
_MOST_LAYOUTS = 8


class PushDown:
    """Counts SLIs of the kind COUNTERS. Call it from outside the pool of the batches.

    Args:
        walker: counts odd targets.
        replica_labels: labels that tell copies of one series apart.
    """

    def __init__(
        self, batches: Batches[Answer], grid: Grid, walker: Walker, *, replica_labels: Sequence[str] = ()
    ) -> None:
        self._batches, self._grid, self._walker = batches, grid, walker
        self._replica_labels = tuple(replica_labels)
        self._layouts: dict[tuple[str, ...], Layout] = {}

    def count(self, request: CountRequest) -> Counted:
        """Ask, and ask again where needed; failures are answers."""
        layout = self._layout(request.slis)
        replicas = self._replicas(layout, request.interval) if self._grid.slices(request.interval) else ()
        counting = _Counting(self._batches, self._walker, request, layout, replicas=replicas)
        counting.run()
        return counting.counted()

    def plan(self, slis: Sequence[Sli]) -> list[PlannedQuery]:
        """The questions about an ordinary slice; SLIs that cannot be counted are left out."""
        layout = self._layout(tuple(slis))
        moment = Moments(EPOCH, EPOCH, self._grid.step)
        members = [
            Member(survey_query(fused.counter, self._grid.step), moment, len(fused.summands)) for fused in layout.fused
        ]
        planned = []
        for query, places in self._batches.questions(members):
            summands = [summand for place in places for summand in layout.fused[place].summands.values()]
            keys = tuple(dict.fromkeys(slis[row].key for row in sorted(layout.rows_of(summands))))
            planned.append(PlannedQuery(query, METHOD, keys, note=_note(len(summands), len(places))))
        return planned

    def _replicas(self, layout: Layout, interval: Interval) -> tuple[str, ...]:
        """The labels by which some series have copies; all labels where the server does not tell."""
        names = sorted({summand.selector.metric for summand in layout.summands})
        if not names:
            return ()
        moments = Moments.slice_ends(interval, self._grid.step)
        asked = [named(names, [Matcher(label, "!=", "")]) for label in self._replica_labels]
        answers = self._batches.ask([Member(f"count({one})", moments) for one in asked])
        told = zip(self._replica_labels, answers, strict=True)
        return tuple(label for label, answer in told if isinstance(answer, SourceError) or answer.rows)

    def _layout(self, slis: tuple[Sli, ...]) -> Layout:
        """Remembered, because each tick asks for the same SLIs."""
        keys = tuple(sli.key for sli in slis)
        found = self._layouts.get(keys)
        if found is None:
            if len(self._layouts) >= _MOST_LAYOUTS:
                self._layouts = {}
            found = self._layouts[keys] = lay_out(slis)
        return found


class _Counting:
    """One request being answered; arrays have a row a term of the layout and a column a slice."""

    def __init__(
        self,
        batches: Batches[Answer],
        walker: Walker,
        request: CountRequest,
        layout: Layout,
        *,
        replicas: tuple[str, ...],
    ) -> None:
        self._batches, self._request, self._layout, self._step = batches, request, layout, walker.step
        self._walker, self._replicas = walker, replicas
        self._outcomes = Outcomes()
        self._slices = Grid(walker.step).slices(request.interval)
        shape = (len(layout.owner), self._slices)
        self._counts, self._lost = np.zeros(shape), np.zeros((len(layout.slis), self._slices), dtype=bool)
        self._odd, self._restarted, self._live = (np.zeros(shape, dtype=bool) for _ in range(3))
        for row, fault in layout.faults.items():
            self._outcomes.fail([row], SourceFailure(SourceFailureReason.BAD_QUERY, fault))

    def run(self) -> None:
        """Survey all slices, then settle those that the survey cannot count."""
        layout = self._layout
        if not self._counts.size:
            return
        self._survey()
        self._walk()
        odd, restarted, live = layout.any_of(self._odd), layout.any_of(self._restarted), layout.any_of_total(self._live)
        gaps = gap_settlements(self._request.interval, self._step, live, self._request.measured_until)
        self._settle([left for one in gaps if (left := one.where(odd)) is not None])
        odd = layout.any_of(self._odd)
        arrived, series = self._settle(odd_settlements(odd, restarted))
        # Series of the part are as a rule among those of the total, so the two are not added.
        most = np.maximum(layout.series(arrived, of_total=False), layout.series(arrived, of_total=True))
        returns = return_settlements(
            most,
            layout.series(series, of_total=True),
            self._step,
            is_measured_before=self._request.measured_until is not None,
        )
        self._settle(self._bounded(returns))
        self._refuse_impossible()

    def counted(self) -> Counted:
        """The table; rows that failed are unknown."""
        layout, seconds = self._layout, int(self._step.total_seconds())
        starts = epoch_seconds(self._request.interval.start) + seconds * np.arange(self._slices, dtype=np.int64)
        live = layout.any_of_total(self._live)
        part, total = (layout.events(self._counts, of_total=of_total) for of_total in (False, True))
        tells_good = np.array([sli.good is not None for sli in layout.slis], dtype=bool)
        good = np.where(tells_good[:, None], part, total - part)
        states = np.where(self._lost, SliceState.UNKNOWN, np.where(live, SliceState.MEASURED, SliceState.GAP))
        counted = live & ~self._lost
        good, total = np.where(counted, good, 0.0), np.where(counted, total, 0.0)
        table = SliceTable(starts, good, total, states.astype(np.int8))
        return self._outcomes.counted(self._request, table)

    def _survey(self) -> None:
        everything = Settlement(np.arange(len(self._layout.slis)), (0, self._slices))
        [tally] = self._ask([everything], lambda counter, _: survey_query(counter, self._step))
        self._live, self._counts, self._restarted = tally.has(COUNT), tally.of(COUNT), tally.of(RESTARTED) > 0
        self._odd = (tally.of(ODD) > 0) | self._restarted

    def _walk(self) -> None:
        """Let carry count odd targets, where they are few enough."""
        layout, terms = self._layout, self._layout.first_terms
        until = self._request.measured_until
        surveyed = Surveyed(
            self._request.interval,
            layout.summands,
            self._odd[terms],
            layout.any_of_total(self._live)[layout.owner[terms]],
            float("nan") if until is None else epoch_seconds(until),
            self._replicas,
        )
        walked = self._walker.walked(surveyed)
        plain = self._counts
        self._counts = plain + walked.change[layout.summand]
        # Fractions may leave what is less than nothing by a rounding error of what was added and taken away.
        rounding = _ROUNDING * np.abs(plain)
        self._counts[(self._counts < 0) & (self._counts > -rounding)] = 0.0
        self._odd &= ~walked.settled[layout.summand]
        for place, warnings in walked.warnings.items():
            self._outcomes.warn(layout.rows_of([layout.summands[place]]), tuple(warnings))

    def _settle(self, settlements: Sequence[Settlement]) -> tuple[FloatArray, FloatArray]:
        """Ask again, and put the counts in place of the survey's.

        Returns how many series arrived, and how many were live, in the slices that were settled.
        """
        arrived, series = np.zeros_like(self._counts), np.zeros_like(self._counts)
        odd = self._layout.any_of(self._odd)
        for tally in self._ask(settlements, lambda counter, reach: counting_query(counter, self._step, reach)):
            where = (tally.terms[:, None], tally.columns)
            # Beside its odd slices a block holds others, which the survey or an earlier settlement has counted.
            keep = ~odd[self._layout.owner[where[0]], where[1]] & tally.settlement.reach.is_near
            for into, kind in ((self._counts, COUNT), (arrived, ARRIVED), (series, LIVE)):
                into[where] = np.where(keep, into[where], tally.of(kind))
            self._odd[where] &= keep
            self._warn_of_losses(tally, ~keep)
        return arrived, series

    def _warn_of_losses(self, tally: Tally, is_taken: BoolArray) -> None:
        """Say where the server's arithmetic may not see all that counters did between resets."""
        again = (tally.of(AGAIN) > 0) & is_taken
        self._outcomes.warn(np.unique(self._layout.owner[tally.terms[again.any(axis=1)]]).tolist(), [_RESET_AGAIN])

    def _ask(self, settlements: Sequence[Settlement], text: Callable[[Counter, Reach], str]) -> list[Tally]:
        """What is found of each settlement, its selectors fused; failures and warnings are noted."""
        tallies = [Tally(self._layout, settlement, self._request.interval, self._step) for settlement in settlements]
        asked = [(tally, fused) for tally in tallies for fused in self._fused(tally)]
        members = [
            Member(
                text(replace(fused.counter, replicas=self._replicas), tally.settlement.reach),
                tally.moments,
                len(fused.summands),
            )
            for tally, fused in asked
        ]
        for (tally, fused), answer in zip(asked, self._batches.ask(members), strict=True):
            rows = self._layout.rows_of(fused.summands.values()).intersection(tally.settlement.rows.tolist())
            usable = self._outcomes.usable(answer, sorted(rows))
            if usable is not None:
                tally.take(fused, usable)
        return tallies

    def _fused(self, tally: Tally) -> Sequence[Fused]:
        is_everything = len(tally.summands) == len(self._layout.summands)
        return self._layout.fused if is_everything else fuse(tally.summands)

    def _bounded(self, returns: Sequence[Settlement]) -> Sequence[Settlement]:
        """As many as one request may ask; gaps have no bound, because each would lose the events of its gap."""
        for settlement in returns[MOST_RETURNS:]:
            self._outcomes.warn(settlement.rows.tolist(), [_TOO_MANY_RETURNS])
        return returns[:MOST_RETURNS]

    def _refuse_impossible(self) -> None:
        """No counter grows by less than nothing, or without end; such slices are unknown."""
        impossible = ~np.isfinite(self._counts) | (self._counts < 0)
        for term in np.flatnonzero(impossible.any(axis=1)).tolist():
            value = self._counts[term][impossible[term]][0]
            selector = self._layout.summands[self._layout.summand[term]].selector
            message = f"{selector} gave a count that cannot be: a counter cannot grow by {value:g}; is this a gauge?"
            failure = SourceFailure(SourceFailureReason.BAD_ANSWER, message)
            self._outcomes.tell([int(self._layout.owner[term])], failure)
        self._counts[impossible] = 0.0
        self._lost = self._layout.any_of(impossible)


def _note(selectors: int, questions: int) -> str:
    """What was put together; empty for a single selector."""
    if selectors == 1:
        return ""
    return f"{selectors} selectors fused in {questions} {'sum' if questions == 1 else 'sums'}"
