"""Series whose levels do not tell by how much they grew in a slice: their samples, read and walked one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from okrbridge.application.ports import SourceFailure
from okrbridge.domain.ledger import IntArray
from okrbridge.errors import SourceError
from okrbridge.promql.selectors import Selector
from okrbridge.sources.prometheus.asking import RawQuestion, Samples, on_targets
from okrbridge.sources.prometheus.facts import PROCESS_START
from okrbridge.sources.prometheus.increase import Memory, Walk, walk
from okrbridge.sources.prometheus.recalling import series_questions
from okrbridge.sources.prometheus.tracking import Tracker

Points = Sequence[tuple[float, float]]
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


@dataclass(frozen=True, slots=True, eq=False)
class Oddities:
    """The odd series of one slice, whose samples are under way, and the process starts beside them.

    Attributes:
        end: of the slice, epoch seconds.
        odd: the series.
    """

    tracker: Tracker
    end: int
    odd: frozenset[int]
    questions: Sequence[RawQuestion]
    samples: Callable[[], Answers]
    starts: Callable[[], Answers]

    @classmethod
    def asked(cls, tracker: Tracker, end: int, odd: IntArray) -> Oddities:
        """Begin to ask."""
        rows = odd.tolist()
        questions = series_questions(tracker, rows, by_name=True)
        by_job: dict[str, list[str]] = defaultdict(list)
        for target in np.unique(tracker.book.targets[odd]).tolist():
            job, instance = tracker.targets.names[target]
            by_job[job].append(instance)
        everything = Selector(PROCESS_START)
        selectors = [on_targets(everything, job, instances).text for job, instances in by_job.items()]
        samples = tracker.questions.samples([one.selector for one in questions], end)
        return cls(tracker, end, frozenset(rows), questions, samples, tracker.questions.samples(selectors, end))

    def told(self, memory: Memory, odd: Sequence[int]) -> Told:
        """What the samples tell of some of the series, given what was known before the slice."""
        samples, starts = self.samples(), self.starts()
        failed = [one for one in (*samples, *starts) if isinstance(one, SourceError)]
        failure = SourceFailure(failed[0].reason, str(failed[0])) if failed else None
        if any(isinstance(one, SourceError) for one in starts):
            return Told({}, odd, failure)
        points, processes = self._points(samples, set(odd)), self._starts(starts)
        targets, step = self.tracker.book.targets, self.tracker.questions.step_seconds
        walks = {}
        for row, copies in points.items():
            before = (float(memory.level[row]), float(memory.start[row]), float(memory.seen[row]))
            process = processes.get(int(targets[row]), ())
            found = [walk(one, started(process, one), before, step) for one in copies]
            walks[row] = max(found, key=lambda one: one.first + one.grown)
        return Told(walks, [row for row in odd if row not in walks], failure)

    def _points(self, samples: Answers, wanted: set[int]) -> Mapping[int, list[Points]]:
        """The samples of each copy of the series."""
        book = self.tracker.book
        rows: dict[int, list[Points]] = defaultdict(list)
        for question, answer in zip(self.questions, samples, strict=True):
            for series in () if isinstance(answer, SourceError) else answer:
                copy = question.copy(book, series.labels)
                if copy >= 0 and book.copy_rows[copy] in wanted:
                    rows[book.copy_rows[copy]].append(series.points)
        return rows

    def _starts(self, starts: Answers) -> Mapping[int, Points]:
        """The process starts that each target told, where it is one process that tells them."""
        told: dict[int, list[Points]] = defaultdict(list)
        for answer in starts:
            for series in () if isinstance(answer, SourceError) else answer:
                told[self.tracker.targets.number(series.labels)].append(series.points)
        return {target: one[0] for target, one in told.items() if len(one) == 1}


def started(told: Points, samples: Points) -> list[float]:
    """When the process behind each sample had started: what was told last, at or before the sample; else NaN."""
    if not told:
        return [float("nan")] * len(samples)
    instants, values = (np.array(one) for one in zip(*told, strict=True))
    places = np.searchsorted(instants, [at for at, _ in samples], side="right") - 1
    return [float(values[place]) if place >= 0 else float("nan") for place in places]
