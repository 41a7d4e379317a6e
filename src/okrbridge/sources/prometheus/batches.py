"""Many expressions in one bounded question, and what becomes of the ones that fail.

Each expression is labelled with its place and they are joined by ``or``, so that hundreds of them cost a few
exchanges. A question that the server refuses is asked again in halves until the expressions at fault are alone; one
that failed for the server's sake is not, because asking more often would not help it.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from okrbridge.domain.windows import Interval
from okrbridge.errors import SourceError, SourceFailureReason
from okrbridge.sources.prometheus.http.envelope import TooLargeError, UnreadableError

MEMBER = "okrbridge_sli"
"""The label that tells the rows of a batch's members apart."""
_MOST_SERVER_FAILURES = 3
"""After so many in one call the server is left alone, and the questions not yet asked share the last failure."""
_MOST_REMEMBERED = 10_000
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Moments:
    """The instants a question is evaluated at: each step from the first to the last, both included."""

    first: datetime
    last: datetime
    step: timedelta

    @classmethod
    def slice_ends(cls, interval: Interval, step: timedelta) -> Moments:
        """The end of each slice of an interval that holds at least one."""
        return cls(interval.start + step, interval.end, step)

    def __len__(self) -> int:
        return (self.last - self.first) // self.step + 1

    def chunks(self, size: int) -> Iterator[Moments]:
        """The same moments in order, at most ``size`` at a time."""
        first = self.first
        while first <= self.last:
            last = min(first + (size - 1) * self.step, self.last)
            yield Moments(first, last, self.step)
            first = last + self.step


@dataclass(frozen=True, slots=True)
class Member:
    """One expression of a batch.

    Attributes:
        expression: PromQL that gives an instant vector.
        moments: when it is evaluated; members of one batch share them.
        rows: about how many rows it gives at one instant, so that answers stay bounded.
    """

    expression: str
    moments: Moments
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one question may be.

    Attributes:
        members: expressions joined in one query.
        body: characters of a query; a longer expression goes alone. Prometheus' time grows faster than the query from
            some 50,000 characters on.
        rows: at one instant, of all members; a member with more goes alone, because ``or`` compares the rows of both
            its sides.
        values: numbers in an answer: rows times moments.
        points: moments in one question; Prometheus refuses more than 11,000.
    """

    members: int = 50
    body: int = 50_000
    rows: int = 10_000
    values: int = 1_000_000
    points: int = 10_000


class Reader(Protocol[Found]):
    """Asks one question, and knows how its answer comes apart and together."""

    def read(self, query: str, moments: Moments) -> Found:
        """The answer.

        Raises:
            SourceError: no usable answer.
        """

    def apart(self, found: Found, places: Collection[int]) -> Mapping[int, Found]:
        """What the label MEMBER says is each member's, without that label."""

    def joined(self, parts: Sequence[Found]) -> Found:
        """One answer of those for successive times; at least one."""


class Batches(Generic[Found]):
    """Asks one server many expressions; safe to use from several threads, but not from the pool's own.

    Remembers which expressions failed, and asks them in smaller company or alone from then on, after all others.

    Args:
        pool: runs the questions, so that many as it has threads are under way at once.
    """

    def __init__(self, reader: Reader[Found], pool: ThreadPoolExecutor, bounds: Bounds | None = None) -> None:
        self._reader, self._pool, self._bounds = reader, pool, bounds or Bounds()
        self._suspects: dict[str, int] = {}

    def ask(self, members: Sequence[Member]) -> list[Found | SourceError]:
        """The answer of every member, in order; those for several chunks of time are joined.

        A failure is an answer: it is given and not raised. All that is asked is a function of the members and of
        the failures before.
        """
        return self.begin(members)()

    def begin(self, members: Sequence[Member]) -> Callable[[], list[Found | SourceError]]:
        """Begin to ask; what is returned waits for the answers, and may be called once, from any thread but the pool's.

        See ``ask``.
        """
        call = _Call()
        # Each thread gets the caller's context, so that log lines and spans keep their tick.
        running = [
            self._pool.submit(copy_context().run, self._answers, batch, call) for batch in self._batches(members)
        ]

        def answers() -> list[Found | SourceError]:
            parts: dict[int, list[Found | SourceError]] = defaultdict(list)
            for answered in running:
                for index, one in answered.result().items():
                    parts[index].append(one)
            return [self._joined(parts[index]) for index in range(len(members))]

        return answers

    def questions(self, members: Sequence[Member]) -> list[tuple[str, list[int]]]:
        """What ``ask`` would ask, word for word, each with the places of its members."""
        return [(batch.query, list(batch.expressions)) for batch in self._batches(members)]

    def _batches(self, members: Sequence[Member]) -> Iterator[_Batch]:
        """Bounded batches of members with the same moments; suspects last."""
        by_moments: dict[Moments, list[tuple[int, Member]]] = defaultdict(list)
        for index, member in enumerate(members):
            by_moments[member.moments].append((index, member))
        packs = [pack for together in by_moments.values() for pack in self._packs(together)]
        for pack in sorted(packs, key=lambda pack: max(self._weight(member) for _, member in pack)):
            moments, rows = pack[0][1].moments, sum(member.rows for _, member in pack)
            for chunk in moments.chunks(max(1, min(self._bounds.points, self._bounds.values // rows))):
                yield _Batch({index: member.expression for index, member in pack}, chunk)

    def _packs(self, members: Sequence[tuple[int, Member]]) -> Iterator[list[tuple[int, Member]]]:
        pack: list[tuple[int, Member]] = []
        room = body = rows = 0
        for one in sorted(members, key=lambda one: (self._weight(one[1]), one[1].rows)):
            weight, length = self._weight(one[1]), len(one[1].expression)
            if pack and (weight > room or length > body or one[1].rows > rows):
                yield pack
                pack = []
            if not pack:
                room, body, rows = self._bounds.members, self._bounds.body, self._bounds.rows
            pack.append(one)
            room, body, rows = room - weight, body - length, rows - one[1].rows
        if pack:
            yield pack

    def _weight(self, member: Member) -> int:
        return self._suspects.get(member.expression, 1)

    def _answers(self, batch: _Batch, call: _Call) -> Mapping[int, Found | SourceError]:
        if call.given_up is not None:
            return dict.fromkeys(batch.expressions, call.given_up)
        try:
            answer = self._reader.read(batch.query, batch.moments)
        except SourceError as error:
            return self._after(error, batch, call)
        for expression in batch.expressions.values():
            self._suspects.pop(expression, None)
        if len(batch.expressions) == 1:
            return dict.fromkeys(batch.expressions, answer)
        return dict(self._reader.apart(answer, batch.expressions))

    def _after(self, error: SourceError, batch: _Batch, call: _Call) -> Mapping[int, Found | SourceError]:
        """What a failure leaves: the answers of smaller batches, or the failure for every member."""
        if not _speaks_of_the_question(error):
            call.failed(error)
            if error.reason is SourceFailureReason.TIMEOUT:
                self._suspect(batch, 2)
            return dict.fromkeys(batch.expressions, error)
        is_alone = len(batch.expressions) == 1
        if is_alone and not (isinstance(error, TooLargeError) and len(batch.moments) > 1):
            self._suspect(batch, self._bounds.members)
            return dict.fromkeys(batch.expressions, error)
        parts: dict[int, list[Found | SourceError]] = defaultdict(list)
        for half in batch.halves():
            for index, one in self._answers(half, call).items():
                parts[index].append(one)
            if is_alone and any(isinstance(answers[-1], SourceError) for answers in parts.values()):
                break  # what fails at one time fails as a whole
        return {index: self._joined(answers) for index, answers in parts.items()}

    def _joined(self, answers: Sequence[Found | SourceError]) -> Found | SourceError:
        """One answer of those for successive chunks of time; a failure of one fails the whole."""
        whole: list[Found] = []
        for answer in answers:
            if isinstance(answer, SourceError):
                return answer
            whole.append(answer)
        return whole[0] if len(whole) == 1 else self._reader.joined(whole)

    def _suspect(self, batch: _Batch, times: int) -> None:
        if len(self._suspects) > _MOST_REMEMBERED:
            self._suspects.clear()
        for expression in batch.expressions.values():
            self._suspects[expression] = min(self._suspects.get(expression, 1) * times, self._bounds.members)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Expressions by the place of their member, and when they are evaluated."""

    expressions: Mapping[int, str]
    moments: Moments

    @property
    def query(self) -> str:
        """A lone expression is asked word for word, so that the server's complaints name its own positions."""
        if len(self.expressions) == 1:
            return next(iter(self.expressions.values()))
        # Line ends close a comment at the end of an expression.
        labelled = [
            f'label_replace(\n{text}\n, "{MEMBER}", "{place}", "", "")' for place, text in self.expressions.items()
        ]
        return _any_of(labelled)

    def halves(self) -> tuple[_Batch, _Batch]:
        """Half of the expressions each, or of the moments when there is one expression."""
        places = list(self.expressions)
        if len(places) == 1:
            early, late, *_ = self.moments.chunks((len(self.moments) + 1) // 2)
            return _Batch(self.expressions, early), _Batch(self.expressions, late)
        middle = len(places) // 2
        first, second = (
            _Batch({place: self.expressions[place] for place in half}, self.moments)
            for half in (places[:middle], places[middle:])
        )
        return first, second


@dataclass
class _Call:
    """What the questions of one call have in common."""

    given_up: SourceError | None = None
    _failures: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def failed(self, error: SourceError) -> None:
        """Note a failure of the server."""
        with self._lock:
            self._failures += 1
            if self._failures >= _MOST_SERVER_FAILURES:
                self.given_up = error


def _any_of(expressions: Sequence[str]) -> str:
    """All rows of all expressions, joined as a balanced tree: each ``or`` walks through the rows on both its sides."""
    if len(expressions) == 1:
        return expressions[0]
    middle = len(expressions) // 2
    return f"({_any_of(expressions[:middle])}\nor\n{_any_of(expressions[middle:])})"


def _speaks_of_the_question(error: SourceError) -> bool:
    """Whether a part of the question could pass: the server refuses it, or has an answer that cannot be taken in."""
    refused = error.reason in {SourceFailureReason.BAD_QUERY, SourceFailureReason.TOO_MANY_SERIES}
    return refused or isinstance(error, TooLargeError | UnreadableError)
