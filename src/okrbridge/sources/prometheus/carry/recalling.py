"""Series that come into view: what the server still knows of them from before.

The memory of the process reaches back to the look-back before the first slice that it counted. A series that was out of
view for longer is new to it, and yet its last sample may be a day old: what it grew by since is exact knowledge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import orjson

from okrbridge.application.ports import SourceFailure
from okrbridge.errors import SourceError
from okrbridge.promql.selectors import Selector
from okrbridge.sources.prometheus.carry.asking import RawQuestion, Some, on_targets, raw_questions
from okrbridge.sources.prometheus.carry.facts import UP, UpMemory
from okrbridge.sources.prometheus.carry.increase import Memory
from okrbridge.sources.prometheus.carry.tracking import Tracker
from okrbridge.sources.prometheus.http.levels import Levels

_MOST_INSTANTS = 5


@dataclass(frozen=True, slots=True)
class Recalled:
    """What became of the series that were asked about.

    Attributes:
        failed: those of which the server did not tell; ``failure`` says why.
    """

    memory: Memory
    failed: list[int]
    failure: SourceFailure | None = None


def recalled(tracker: Tracker, memory: Memory, rows: Sequence[int], over: timedelta, at: float) -> Recalled:
    """The memory with the last levels of some new series within a time that ends at an instant.

    When a sample was taken is known to a few minutes; a series of which that is not told was seen at the begin.
    """
    questions, wanted = series_questions(tracker, rows, by_name=False), set(rows)
    answers = tracker.questions.recall([one.selector for one in questions], over, at)()
    levels, instants = answers[: len(questions)], answers[len(questions) :]
    level, seen, copies = memory.level.copy(), memory.seen.copy(), memory.copies.copy()
    failure = None
    for question, values, times in zip(questions, levels, instants, strict=True):
        if isinstance(values, SourceError):
            failure = SourceFailure(values.reason, str(values))
            continue
        if isinstance(times, SourceError):
            failure = SourceFailure(times.reason, str(times))
            continue
        for copy, value in _copies(tracker, question, values):
            row = tracker.book.copy_rows[copy]
            if row in wanted and np.isfinite(value) and value >= 0:
                copies[copy], level[row] = value, np.fmax(level[row], value)
                seen[row] = max(seen[row], at - over.total_seconds() + 1)
        for copy, time in _copies(tracker, question, times):
            row = tracker.book.copy_rows[copy]
            if row in wanted and not np.isnan(level[row]):
                seen[row] = max(seen[row], time)
    told = Memory(memory.end, level, memory.start, seen, copies, memory.fallen)
    failed = [row for row in rows if np.isnan(level[row])] if failure else []
    return Recalled(told, failed, failure)


def recalled_ups(tracker: Tracker, ups: UpMemory, targets: Sequence[int], instants: Sequence[float]) -> UpMemory:
    """The memory with what was in view of some targets at some instants; what is not told stays unknown."""
    by_job: dict[str, list[str]] = defaultdict(list)
    for target in targets:
        job, instance = tracker.targets.names[target]
        by_job[job].append(instance)
    selectors = [on_targets(Selector(UP), job, instances).text for job, instances in by_job.items()]
    for at in instants[-_MOST_INSTANTS:]:
        for answer in tracker.questions.in_view(selectors, at)():
            if not isinstance(answer, SourceError):
                values, _ = tracker.facts.sorted(answer)
                ups = ups.grown(tracker.facts.up_rows).recalled(values[:, 0], at)
    return ups


def series_questions(tracker: Tracker, rows: Sequence[int], *, by_name: bool) -> list[RawQuestion]:
    """As few selectors as possible that take in some series, and little else.

    Args:
        by_name: the answers keep the names of metrics, so one question may be about several.
    """
    book, width = tracker.book, len(tracker.targets)
    keys = book.groups * width + book.targets
    places, sizes = np.unique(keys, return_counts=True)
    own = sizes[np.searchsorted(places, keys[list(rows)])].tolist()
    by_group: dict[int, list[tuple[dict[str, str], int]]] = defaultdict(list)
    for row, size in zip(rows, own, strict=True):
        by_group[int(book.groups[row])].append((book.labels(row), size))
    asked = [Some(group, tracker.reads[group], series) for group, series in by_group.items()]
    return list(raw_questions(asked, by_name=by_name))


def _copies(tracker: Tracker, question: RawQuestion, levels: Levels) -> list[tuple[int, float]]:
    found = []
    for text, value in zip(levels.texts, levels.values[:, 0].tolist(), strict=True):
        copy = question.copy(tracker.book, orjson.loads(b"{" + text + b"}"))
        if copy >= 0:
            found.append((copy, value))
    return found
