"""Series whose levels do not tell by how much they grew in a slice: their samples, read and walked one by one."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from okrbridge.application.ports import SourceFailure
from okrbridge.domain.ledger import IntArray
from okrbridge.errors import SourceError
from okrbridge.promql.selectors import Selector
from okrbridge.sources.prometheus.carry.asking import RawQuestion, Samples, on_targets
from okrbridge.sources.prometheus.carry.created import Points
from okrbridge.sources.prometheus.carry.facts import PROCESS_START
from okrbridge.sources.prometheus.carry.increase import Memory, Walk, walk
from okrbridge.sources.prometheus.carry.recalling import series_questions
from okrbridge.sources.prometheus.carry.tracking import Tracker

Answers = Sequence[list[Samples] | SourceError]


@dataclass(frozen=True, slots=True)
class Told:
    """What the samples of odd series tell, by series.

    Attributes:
        lacking: series whose samples could not be read; ``failure`` says why, if anything failed.
    """

    walks: Mapping[int, Walk]
    lacking: Sequence[int]
    failure: SourceFailure | None


@dataclass(frozen=True, eq=False)
class Oddities:
    """Odd series of some slices, whose samples are under way, and the process starts beside them.

    Attributes:
        odd: the series.
        samples, starts: wait for the answers.
    """

    tracker: Tracker
    odd: frozenset[int]
    questions: Sequence[RawQuestion]
    samples: Callable[[], Answers]
    starts: Callable[[], Answers]

    @classmethod
    def asked(cls, tracker: Tracker, odd: IntArray, end: int, slices: int = 1) -> Oddities:
        """Begin to ask.

        Args:
            end, slices: the end of the last slice, and how many there are.
        """
        rows = odd.tolist()
        questions = series_questions(tracker, rows, by_name=True)
        by_job: dict[str, list[str]] = defaultdict(list)
        for target in np.unique(tracker.book.targets[odd]).tolist():
            job, instance = tracker.targets.names[target]
            by_job[job].append(instance)
        everything = Selector(PROCESS_START)
        selectors = [on_targets(everything, job, instances).text for job, instances in by_job.items()]
        samples = tracker.questions.samples([one.selector for one in questions], end, slices)
        starts = tracker.questions.samples(selectors, end, slices)
        return cls(tracker, frozenset(rows), questions, cache(samples), cache(starts))

    def told(self, memory: Memory, odd: Sequence[int], end: int, created: Mapping[int, Points]) -> Told:
        """What the samples of one slice tell of some of the series, given what was known before it.

        Args:
            created: when series were created, as told with their last sample before the slice and in it.
        """
        samples, starts = self.samples(), self.starts()
        failed = [one for one in (*samples, *starts) if isinstance(one, SourceError)]
        failure = SourceFailure(failed[0].reason, str(failed[0])) if failed else None
        if any(isinstance(one, SourceError) for one in starts):
            return Told({}, odd, failure)
        targets, step = self.tracker.book.targets, self.tracker.questions.step_seconds
        points, processes = self._points, self._processes
        walks = {}
        for row in odd:
            copies = [inside for one in points.get(row, ()) if (inside := _within(one, end - step, end))]
            if not copies:
                continue
            before = (float(memory.level[row]), float(memory.start[row]), float(memory.seen[row]))
            process = _within(processes.get(int(targets[row]), ()), end - step, end)
            births = created.get(row, ())
            found = [walk(one, started(process, one), before, step, _created(births, one)) for one in copies]
            walks[row] = max(found, key=lambda one: one.first + one.grown)
        return Told(walks, [row for row in odd if row not in walks], failure)

    @cached_property
    def _points(self) -> Mapping[int, list[Points]]:
        """The samples of each copy of the series."""
        book = self.tracker.book
        rows: dict[int, list[Points]] = defaultdict(list)
        for question, answer in zip(self.questions, self.samples(), strict=True):
            for series in () if isinstance(answer, SourceError) else answer:
                copy = question.copy(book, series.labels)
                if copy >= 0 and book.copy_rows[copy] in self.odd:
                    rows[book.copy_rows[copy]].append(series.points)
        return rows

    @cached_property
    def _processes(self) -> Mapping[int, Points]:
        """The process starts that each target told, where it is one series that tells them."""
        told: dict[int, list[Points]] = defaultdict(list)
        for answer in self.starts():
            for series in () if isinstance(answer, SourceError) else answer:
                told[self.tracker.targets.number(series.labels)].append(series.points)
        return {target: one[0] for target, one in told.items() if len(one) == 1}


def _created(births: Points, samples: Points) -> tuple[float, list[float]] | None:
    return (births[0][1], started(births, samples)) if births else None


def _within(points: Points, after: float, until: float) -> Points:
    """The points after an instant and until another."""
    first = bisect_right(points, after, key=lambda point: point[0])
    return points[first : bisect_right(points, until, key=lambda point: point[0])]


def started(told: Points, samples: Points) -> list[float]:
    """When the process behind each sample had started: what was told last, at or before the sample; else NaN."""
    if not told:
        return [float("nan")] * len(samples)
    instants, values = (np.array(one) for one in zip(*told, strict=True))
    places = np.searchsorted(instants, [at for at, _ in samples], side="right") - 1
    return [float(values[place]) if place >= 0 else float("nan") for place in places]
