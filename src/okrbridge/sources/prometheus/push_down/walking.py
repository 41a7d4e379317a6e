"""Slices that a plain sum counts wrong: their odd targets are counted by carry, in place of their share of the sum.

A series that was born, fell, was reset or whose process started anew makes its target odd. The server lists odd
targets; all series of an SLI on them are read level by level, the odd ones among them sample by sample. Then

    count = plain sum of all series - plain sum of those on odd targets + what carry counts on odd targets

which is right for any set of targets that takes in the odd ones. So instances are named whatever their job, and all
selectors name the same ones. Siblings tell of births on their own target only, so none is missed.

Worked example: a sum of 500 holds a pod that fell from 100 to 4, -96. Its samples were 100, 130, 2, 4, that is 34 more:
500 + 96 + 34 = 630.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import numpy as np

from okrbridge.application.ports import CountRequest
from okrbridge.domain.ledger import FloatArray, IntArray, SliceState
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Interval, epoch_seconds
from okrbridge.errors import SourceError, SourceFailureReason
from okrbridge.promql.selectors import Matcher, Selector
from okrbridge.sources.prometheus.batches import Batches, Member, Moments
from okrbridge.sources.prometheus.carry.births import Measured
from okrbridge.sources.prometheus.carry.carrying import Carry
from okrbridge.sources.prometheus.carry.reads import Layout as Reads
from okrbridge.sources.prometheus.carry.tally import Tally
from okrbridge.sources.prometheus.carry.tracking import Pairs
from okrbridge.sources.prometheus.http.envelope import Answer, TooLargeError
from okrbridge.sources.prometheus.outcomes import lacking
from okrbridge.sources.prometheus.push_down.counters import LOOK_BACK, Counter, odd_targets_query, plain_query
from okrbridge.sources.prometheus.push_down.fusion import Fused, Summand, fuse
from okrbridge.sources.prometheus.push_down.layout import BoolArray
from okrbridge.sources.prometheus.push_down.settlements import interval_of
from okrbridge.sources.prometheus.push_down.tallies import sorted_rows

MOST_SERIES = 20_000
MOST_INSTANCES = 1_000
BLOCK = 64
"""Slices whose odd targets are read together at most; fewer where these have too many series."""
_INSTANCE = "instance"


@dataclass(frozen=True, slots=True, eq=False)
class Surveyed:
    """What a survey told; a row a selector, a column a slice.

    Attributes:
        odd: whether some series was odd.
        live: whether the SLIs that the selector counts for are measured.
        measured_until: end of the last measured slice before, epoch seconds; NaN where none is known.
        replicas: the labels by which series have copies.
    """

    interval: Interval
    summands: Sequence[Summand]
    odd: BoolArray
    live: BoolArray
    measured_until: float
    replicas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Walked:
    """What was found; a row a selector, a column a slice.

    Attributes:
        change: what is to be added to the plain sums.
        settled: whether the sum is exact then; where not, it is to be counted otherwise.
    """

    change: FloatArray
    settled: BoolArray
    warnings: dict[int, dict[str, None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Selectors that are odd somewhere in some slices.

    Attributes:
        columns: first slice, and the one after the last.
        instances: that are odd, once they are known.
    """

    rows: IntArray
    columns: tuple[int, int]
    instances: Sequence[str] = ()

    def __len__(self) -> int:
        return self.columns[1] - self.columns[0]


@dataclass(frozen=True, slots=True, eq=False)
class Walker:
    """Counts odd targets. Call it from outside the pool of the batches.

    Attributes:
        carry: used for nothing else, so that what it keeps is about odd targets.
        step: length of a slice.
        most_series: on odd targets, that are read for the slices of one block.
    """

    batches: Batches[Answer]
    carry: Carry
    step: timedelta
    most_series: int = MOST_SERIES

    def walked(self, surveyed: Surveyed) -> Walked:
        """Settle as many odd slices as have few enough series on odd targets."""
        return _Walk(self, surveyed).walked()


class _Walk:
    """The odd targets of one request."""

    def __init__(self, walker: Walker, surveyed: Surveyed) -> None:
        self._walker, self._surveyed, self._step = walker, surveyed, walker.step
        self._found = Walked(np.zeros(surveyed.odd.shape), np.zeros(surveyed.odd.shape, dtype=np.bool_))

    def walked(self) -> Walked:
        """Settle what can be settled."""
        blocks = list(self._bounded(list(_blocks(self._surveyed.odd, 0, self._surveyed.odd.shape[1], BLOCK))))
        for block, plain in zip(blocks, self._plain(blocks), strict=True):
            if plain is not None:
                self._walk(block, plain)
        return self._found

    def _bounded(self, blocks: Sequence[_Block]) -> Iterator[_Block]:
        """Blocks with their odd instances; those with too many series are split, and at last cut down."""
        while blocks:
            halves: list[_Block] = []
            for block, listed in zip(blocks, self._listed(blocks), strict=True):
                if isinstance(listed, _Listed) and listed.is_small(self._walker.most_series):
                    yield replace(block, instances=sorted(listed.instances))
                elif len(block) > 1 and (isinstance(listed, _Listed | TooLargeError)):
                    first, end = block.columns
                    halves += _blocks(self._surveyed.odd, first, end, (len(block) + 1) // 2)
                elif isinstance(listed, _Listed) and (least := listed.least(self._walker.most_series)) is not None:
                    yield replace(block, rows=np.array(least.rows), instances=sorted(least.instances))
            blocks = halves

    def _listed(self, blocks: Sequence[_Block]) -> list[_Listed | SourceError]:
        """The odd targets of each block."""
        summands = [[self._surveyed.summands[row] for row in block.rows.tolist()] for block in blocks]
        found: list[_Listed | SourceError] = []
        for block, answers in zip(blocks, self._ask(blocks, summands, odd_targets_query), strict=True):
            listed = _Listed()
            rows = {self._surveyed.summands[row]: row for row in block.rows.tolist()}
            if isinstance(answers, SourceError):
                found.append(answers)
                continue
            for fused, answer in answers:
                for summand, labels, _, values in sorted_rows(fused, answer, self._moments(block)):
                    listed.add(rows[summand], labels.get(_INSTANCE, ""), int(values.max()))
            found.append(listed)
        return found

    def _plain(self, blocks: Sequence[_Block]) -> list[FloatArray | None]:
        """The plain sums of the odd targets in each block: a row a selector, a column a slice; None where not told."""
        narrowed = [self._narrowed(block) for block in blocks]
        found: list[FloatArray | None] = []
        for block, own, answers in zip(blocks, narrowed, self._ask(blocks, narrowed, plain_query), strict=True):
            if isinstance(answers, SourceError):
                found.append(None)
                continue
            places = {summand: place for place, summand in enumerate(own)}
            sums = np.zeros((len(own), len(block)))
            for fused, answer in answers:
                for summand, _, columns, values in sorted_rows(fused, answer, self._moments(block)):
                    sums[places[summand], columns] = values
            found.append(sums[[places[one] for one in own]])
        return found

    def _walk(self, block: _Block, plain: FloatArray) -> None:
        """Let carry count the odd targets of a block."""
        slis = tuple(
            Sli(f"{place}", "", good=one.selector.text, total=" + ".join(total.text for total in one.totals))
            for place, one in enumerate(self._narrowed(block))
        )
        interval, columns = self._interval(block), slice(*block.columns)
        wanted = self._walker.carry.layout(slis)
        live = self._surveyed.live[block.rows, columns]
        tally = _Part(wanted, interval, self._measured(block), live, int(self._step.total_seconds()))
        self._walker.carry.fill(wanted, tally)
        counted = tally.counted(CountRequest(slis, interval), np.arange(len(slis)))
        settled = counted.table.states != SliceState.UNKNOWN
        self._found.change[block.rows, columns] = np.where(settled, counted.table.good - plain, 0.0)
        self._found.settled[block.rows, columns] = settled
        for place, told in counted.warnings.items():
            self._found.warnings.setdefault(int(block.rows[place]), {}).update(dict.fromkeys(told))

    def _measured(self, block: _Block) -> Measured:
        """Until when the SLIs were measured before a block, and since when births count, as for the whole request."""
        surveyed, step = self._surveyed, int(self._step.total_seconds())
        begin, known = epoch_seconds(surveyed.interval.start), surveyed.measured_until
        earlier = surveyed.live[block.rows, : block.columns[0]]
        latest = earlier.shape[1] - earlier[:, ::-1].argmax(axis=1) if earlier.shape[1] else np.zeros(len(block.rows))
        until = np.where(earlier.any(axis=1), begin + step * latest, known)
        since = begin if np.isnan(known) else -np.inf if known >= begin else known - LOOK_BACK.total_seconds()
        return Measured(until, np.full(len(block.rows), since))

    def _narrowed(self, block: _Block) -> list[Summand]:
        """The block's selectors on its odd instances only."""
        pattern = Matcher(_INSTANCE, "=~", "|".join(map(re.escape, block.instances)))
        summands = [self._surveyed.summands[row] for row in block.rows.tolist()]
        return [
            Summand(_with(one.selector, pattern), tuple(_with(total, pattern) for total in one.totals))
            for one in summands
        ]

    def _ask(
        self, blocks: Sequence[_Block], summands: Sequence[Sequence[Summand]], text: Callable[[Counter, timedelta], str]
    ) -> list[list[tuple[Fused, Answer]] | SourceError]:
        """The answers about the selectors of each block, fused; the first failure of a block is all of its answer."""
        fused = [fuse(some) for some in summands]
        members = [
            Member(
                text(replace(one.counter, replicas=self._surveyed.replicas), self._step),
                self._moments(block),
                len(one.summands),
            )
            for block, some in zip(blocks, fused, strict=True)
            for one in some
        ]
        answers = iter(self._walker.batches.ask(members))
        return [_together([(one, next(answers)) for one in some]) for some in fused]

    def _moments(self, block: _Block) -> Moments:
        return Moments.slice_ends(self._interval(block), self._step)

    def _interval(self, block: _Block) -> Interval:
        return interval_of(block.columns, self._surveyed.interval, self._step)


class _Part(Tally):
    """Counts of a part of each SLI's series: what is measured is told by all of them.

    Args:
        measured: before the interval.
        live: whether the SLIs are measured; a row an SLI, a column a slice.
        step: length of a slice in seconds.
    """

    def __init__(self, wanted: Reads, interval: Interval, measured: Measured, live: BoolArray, step: int) -> None:
        super().__init__(wanted, interval, measured.until, step)
        self._since, self._live = measured.since, live

    def enter(self, end: int, pairs: Pairs, counts: FloatArray, seen: FloatArray) -> None:
        """Enter one slice; see ``Tally``."""
        super().enter(end, pairs, counts, seen)
        column = self._column(end)
        self.table.good[:, column] = counts[: self.slis]
        self._until[self._live[:, column] & ~self._unknown[:, column]] = end


@dataclass(eq=False)
class _Listed:
    """Odd targets by selector.

    Attributes:
        series: how many series each has at most in one slice; by row and instance.
    """

    series: dict[int, dict[str, int]] = field(default_factory=dict)

    def add(self, row: int, instance: str, series: int) -> None:
        """Add a target; those of one instance are taken together."""
        own = self.series.setdefault(row, {})
        own[instance] = own.get(instance, 0) + series

    @property
    def rows(self) -> list[int]:
        """The selectors."""
        return sorted(self.series)

    @property
    def instances(self) -> set[str]:
        """Of all selectors."""
        return set().union(*self.series.values())

    def is_small(self, most_series: int) -> bool:
        """Whether all can be read together; nothing is not small, because a selector was odd."""
        return 0 < self._count <= most_series and len(self.instances) <= MOST_INSTANCES

    def least(self, most_series: int) -> _Listed | None:
        """The selectors with the fewest series that can be read together; None when not even one can."""
        kept = _Listed()
        for row in sorted(self.series, key=lambda row: sum(self.series[row].values())):
            more = _Listed({**kept.series, row: self.series[row]})
            if not more.is_small(most_series):
                break
            kept = more
        return kept if kept.series else None

    @property
    def _count(self) -> int:
        return sum(sum(own.values()) for own in self.series.values())


def _blocks(odd: BoolArray, first: int, end: int, length: int) -> list[_Block]:
    """Pieces of the slices from one to another, each as short as its odd slices allow."""
    found = []
    for begin in range(first, end, length):
        piece = odd[:, begin : min(begin + length, end)]
        columns = np.flatnonzero(piece.any(axis=0))
        if len(columns):
            span = (begin + int(columns[0]), begin + int(columns[-1]) + 1)
            found.append(_Block(np.flatnonzero(piece.any(axis=1)), span))
    return found


def _together(answers: Sequence[tuple[Fused, Answer | SourceError]]) -> list[tuple[Fused, Answer]] | SourceError:
    found = []
    for fused, answer in answers:
        if isinstance(answer, SourceError):
            return answer
        if (message := lacking(answer.warnings)) is not None:
            return SourceError(message, reason=SourceFailureReason.BAD_ANSWER, source="")
        found.append((fused, answer))
    return found


def _with(selector: Selector, matcher: Matcher) -> Selector:
    return replace(selector, matchers=tuple(sorted({*selector.matchers, matcher})))
