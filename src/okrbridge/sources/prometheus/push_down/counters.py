"""Exact increase of counters in plain PromQL: pure text.

For the slice of length s that ends at t, per series of a selector X:

- L, the last sample in the slice; P, the last sample before it, looked for in the look-back b;
- **steady**: ``L - P``. Successive slices telescope, so nothing is extrapolated and a sample on the boundary, which
  Prometheus 2 sees in both slices, is counted once;
- **reset**, some sample of the slice is below P, or the target's process started after P was sampled (a counter of few
  errors soon has its old value again): L counts, and what was counted before the reset inside the slice.
  That is ``peak - P`` when the slice's peak lies above L, because then the peak was reached before the reset. It is
  exact for one reset a slice, unless the counter passed its old peak again within the same slice: then the events
  between P and that peak stay unseen;
- **birth**, no P: L counts when the series was born in the slice, and does not when an old counter merely came into
  view. A series is born when its process started in the slice (or shortly before, between two scrapes), or when its
  target was in view before under the very same labels; not when it was itself in view within the last hour, as an idle
  series that its exporter hides is. The slice's peak counts beside L when a reset followed. A series that came into
  view counts what it grew by after its first sample.

Worked example, s = 60 s: P = 100; the slice holds 130, then 4 after a restart. 4 < 100 is a reset, the peak 130 lies
above L = 4, so the increase is 4 + (130 - 100) = 34.

When P was sampled is read by a subquery. One of its steps stands on the slice's start; a series that ended earlier, and
between two steps, is taken for sampled a step before, at most.

A target is known by ``job`` and ``instance``. Series without them are siblings of all series that also lack them, so
a late series of such a counter is born as soon as any sibling was in view.

Several counters that differ only in the values of some labels are counted by one question: X then takes in the series
of all of them, and its sums are kept apart by those labels. Siblings are never looked for across them, so each counts
as it does alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from okrbridge.domain.windows import format_duration
from okrbridge.promql.selectors import Selector

LOOK_BACK = timedelta(minutes=5)
"""How far back a sample counts as the present state of a series; Prometheus' own look-back."""
_SAMPLED_EVERY, _SAMPLED_EVERY_AT_MOST = timedelta(seconds=30), timedelta(minutes=4)
_SAMPLINGS = 300
KNOWN_FOR = timedelta(hours=1)
"""How long a series that went out of view while its target stayed is remembered as known."""
START_SLACK = timedelta(seconds=75)
"""How long before the slice a process may have started and still be born in it: one scrape of a minute, and a bit."""

KIND = "okrbridge"
"""The label that tells the rows of an answer apart."""
COUNT, ODD, RESTARTED, LIVE, ARRIVED, AGAIN = "count", "odd", "restarted", "live", "arrived", "again"
TARGET = ("job", "instance")
_ON_TARGET = "on (job, instance)"


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the time before a slice is taken into account.

    Attributes:
        look_back: how far before the slice the last sample of a series is looked for.
        unmeasured: time directly before the slice in which nothing was measured; processes that started in it are new.
        restarts: whether process starts are looked at; when the sample before the slice was taken costs a subquery.
    """

    look_back: timedelta = LOOK_BACK
    unmeasured: timedelta = timedelta(0)
    restarts: bool = True

    @property
    def is_near(self) -> bool:
        """Whether it is the reach after a measured slice."""
        return self.look_back == LOOK_BACK and not self.unmeasured


NEAR, NO_RESTARTS = Reach(), Reach(restarts=False)
"""The reaches after a measured slice."""


@dataclass(frozen=True, slots=True)
class Siblings:
    """Series that tell, by being in view, that their target was known: all events that a counter is a part of.

    Attributes:
        apart: the labels in which a sibling must be equal to the series that it speaks for, beside job and instance.
    """

    selector: Selector
    apart: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counter:
    """What one question counts.

    Attributes:
        selector: the series.
        siblings: the selectors of all events that these are a part of.
        by: the labels that keep the sums of several counters apart.
        replicas: the labels that only tell copies of one series apart; the highest copy counts.
    """

    selector: Selector
    siblings: tuple[Siblings, ...]
    by: tuple[str, ...] = ()
    replicas: tuple[str, ...] = ()

    def per(self, aggregation: str, series: str, *more: str) -> str:
        """An aggregation with one row for each combination of the labels, and of more of them."""
        labels = dict.fromkeys((*self.by, *more))
        by = f" by ({', '.join(labels)})" if labels else ""
        return f"{aggregation}{by} ({series})"


def counting_query(counter: Counter, step: timedelta, reach: Reach = NEAR) -> str:
    """PromQL that gives, at a slice's end, what the slice holds: one row for each kind and combination of labels.

    Rows: ``count``, the increase (absent when no series counts); ``live``, how many series had a sample within the
    look-back; ``arrived``, how many series came into view and were not counted; ``again``, how many may have been
    reset more than once, or passed their old peak after a reset, of which the increase is the least that is certain.
    """
    slice_ = _Slice(counter.selector, step, reach, counter.replicas)
    rows = {
        COUNT: counter.per("sum", _increase(counter, slice_)),
        LIVE: _live(counter),
        ARRIVED: counter.per("count", _arrived(counter, slice_)),
        AGAIN: counter.per("count", _again(slice_)),
    }
    return _labelled(rows)


def survey_query(counter: Counter, step: timedelta) -> str:
    """PromQL that counts ordinary slices, and tells which slices are not, at a fraction of the full question's cost.

    Rows: ``count``, the plain sum of L - P, zero where series are live without a sample in the slice, absent where
    none is live; ``odd``, how many series were born or fell in the slice, and ``restarted``, of how many the process
    started lately, absent where none did. Such series are not counted right by a plain sum.
    """
    slice_ = _slice(counter, step)
    rows = {
        COUNT: f"({plain_query(counter, step)} or 0 * {_live(counter)})",
        ODD: counter.per("count", _odd(slice_)),
        RESTARTED: counter.per("count", _restarted(slice_)),
    }
    return _labelled(rows)


def plain_query(counter: Counter, step: timedelta) -> str:
    """PromQL for the plain sum of L - P, which is negative where series fell."""
    slice_ = _slice(counter, step)
    return counter.per("sum", f"{slice_.last} - {slice_.before}")


def odd_targets_query(counter: Counter, step: timedelta) -> str:
    """PromQL that lists the targets with series that a survey finds odd or restarted: how many series each has."""
    slice_ = _slice(counter, step)
    series = counter.per("count", slice_.last, *TARGET)
    odd = counter.per("group", f"{_odd(slice_)}\n  or ({_restarted(slice_)})", *TARGET)
    return f"{series}\nand {odd}"


def _slice(counter: Counter, step: timedelta) -> _Slice:
    return _Slice(counter.selector, step, NEAR, counter.replicas)


def _odd(slice_: _Slice) -> str:
    return f"({slice_.last} unless ({slice_.before} <= {slice_.lowest}))\n  or ({slice_.resets} > 0)"


def _restarted(slice_: _Slice) -> str:
    recently = f"{slice_.started} > time() - {(slice_.step + LOOK_BACK).total_seconds():g}"
    return f"{slice_.last} and {_ON_TARGET} ({recently})"


def _again(slice_: _Slice) -> str:
    longer = _Slice(slice_.selector, slice_.step + LOOK_BACK, slice_.reach, slice_.replicas)
    passed = f"({slice_.peak} <= {slice_.last})"
    return f"({slice_.resets} > 0) and (({longer.resets} > 1) or {passed})"


def _labelled(rows: Mapping[str, str]) -> str:
    return "\nor ".join(f'label_replace({value}, "{KIND}", "{kind}", "", "")' for kind, value in rows.items())


def _live(counter: Counter) -> str:
    return counter.per("count", _Slice(counter.selector, LOOK_BACK, NEAR, counter.replicas).last)


@dataclass(frozen=True, slots=True)
class _Slice:
    """What a slice and the time before it hold of the series of a selector."""

    selector: Selector
    step: timedelta
    reach: Reach
    replicas: tuple[str, ...]

    def of(self, metric: str) -> _Slice:
        """The same slice of another metric of the same targets."""
        return _Slice(self.selector.target_metric(metric), self.step, self.reach, self.replicas)

    @property
    def range(self) -> str:
        return self.selector.over(self._length)

    @property
    def last(self) -> str:
        return self._merged(f"last_over_time({self.range})")

    @property
    def lowest(self) -> str:
        return self._merged(f"min_over_time({self.range})", "min")

    @property
    def peak(self) -> str:
        return self._merged(f"max_over_time({self.range})")

    @property
    def resets(self) -> str:
        return self._merged(f"resets({self.range})")

    @property
    def before(self) -> str:
        """P: the last sample in the look-back."""
        return self._last_within(self.reach.look_back)

    def _last_within(self, look_back: timedelta) -> str:
        over = self.selector.over(format_duration(look_back), offset=self._length)
        return self._merged(f"last_over_time({over})")

    def _merged(self, series: str, how: str = "max") -> str:
        """One series out of its copies."""
        return f"{how} without ({', '.join(self.replicas)}) ({series})" if self.replicas else series

    @property
    def long_before(self) -> str:
        """The last sample before the slice within an hour: a series that has one was hidden, not born.

        Unless its target's process started since: then the old sample is another process'.
        """
        known = self._last_within(KNOWN_FOR)
        recently = f"{self.started} > time() - {(self.step + KNOWN_FOR).total_seconds():g}"
        return f"({known} unless {_ON_TARGET} ({recently}))"

    @property
    def started(self) -> str:
        """When the process of each target started.

        Nothing is told by a clock ahead of the server's, nor where two processes answer for one job and instance.
        """
        starts = self.of("process_start_time_seconds").last
        alone = f"count by (job, instance) ({starts}) == 1"
        return f"((max by (job, instance) ({starts}) <= time()) and ({alone}))"

    @property
    def restarted(self) -> str:
        """The series whose P was sampled before their target's process started, and L after it."""
        near, far = self._sampled_before(LOOK_BACK), self._sampled_before(self.reach.look_back)
        before = near if near == far else f"({near} or {far})"
        now = self._merged(f"max_over_time(timestamp({self.selector})[{self._length}:{format_duration(self._often)}])")
        started = f"{_ON_TARGET} group_left () {self.started}"
        return f"(({before} < {started}) and ({now} >= {started}))"

    def _sampled_before(self, look_back: timedelta) -> str:
        """When P was sampled: in small steps over the ordinary look-back, in larger ones further back."""
        every = min(max(look_back / _SAMPLINGS, self._often), _SAMPLED_EVERY_AT_MOST)
        over = f"[{format_duration(look_back)}:{format_duration(every)}] offset {self._length}"
        return self._merged(f"max_over_time(timestamp({self.selector}){over})")

    @property
    def newcomers(self) -> str:
        return f"({self.last} unless {self.before})"

    @property
    def relabelled(self) -> str:
        """Targets that a relabelling made look new: they bring a new ``up`` along, and their counters are old."""
        up = self.of("up")
        return f"({up.last} unless {up.before})"

    @property
    def just_started(self) -> str:
        """Targets whose process counts as started in the slice."""
        after = (self.step + self.reach.unmeasured + START_SLACK).total_seconds()
        return f"({self.of('process_start_time_seconds').last} > time() - {after:g})"

    @property
    def _often(self) -> timedelta:
        return min(_SAMPLED_EVERY, self.step)

    @property
    def _length(self) -> str:
        return format_duration(self.step)


def _increase(counter: Counter, slice_: _Slice) -> str:
    last, before, lowest, peak = slice_.last, slice_.before, slice_.lowest, slice_.peak
    fell = f"({peak} > bool {last})"
    after_reset = f"({last} + clamp_min({peak} - {before}, 0) * {fell})"
    is_reset = f"({lowest} < {before})"
    is_restart = f"({slice_.restarted} or {is_reset})" if slice_.reach.restarts else is_reset
    restart = f"({after_reset} and {is_restart})"
    new = f"(({last} + {peak} * {fell}) unless {before} unless {slice_.long_before})"
    birth = f"({new} unless {_strangers(counter, slice_)})"
    # Of a series that only came into view, what it grew by after its first sample, or after the reset that followed.
    arrival = f"(({last} - {lowest} * ({peak} <= bool {last})) unless {before})"
    # The first arm that knows a series counts it: what restarted is steady by its look alone.
    return f"\n  {restart}\n  or ({last} - {before})\n  or {birth}\n  or {arrival}\n"


def _arrived(counter: Counter, slice_: _Slice) -> str:
    """Series that came into view and were not born: known from long before, or on a target that is not known."""
    return f"(({slice_.newcomers} and {slice_.long_before}) or {_strangers(counter, slice_)})"


def _strangers(counter: Counter, slice_: _Slice) -> str:
    """New series of targets that are not known: neither the target nor a sibling was in view, nor did it just start."""
    relabelled = f"unless {_ON_TARGET} {slice_.relabelled}"
    known = [
        f"{_ON_TARGET} (({slice_.of('up').before} == 1) {relabelled})",
        f"{_ON_TARGET} {slice_.just_started}",
    ]
    for siblings in counter.siblings:
        before = _Slice(siblings.selector, slice_.step, slice_.reach, slice_.replicas).before
        labels = dict.fromkeys(("job", "instance", *siblings.apart))
        known.append(f"on ({', '.join(labels)}) ({before} {relabelled})")
    return f"({slice_.newcomers}" + "".join(f"\n    unless {one}" for one in known) + ")"
