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
  series that its exporter hides is. The slice's peak counts beside L when a reset followed.

Worked example, s = 60 s: P = 100; the slice holds 130, then 4 after a restart. 4 < 100 is a reset, the peak 130 lies
above L = 4, so the increase is 4 + (130 - 100) = 34.

When P was sampled is read by a subquery. One of its steps stands on the slice's start; a series that ended earlier, and
between two steps, is taken for sampled a step before, at most.

A target is known by ``job`` and ``instance``. Series without them are siblings of all series that also lack them, so
a late series of such a counter is born as soon as any sibling was in view.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import format_duration
from okrbridge.promql.selectors import Selector, parse_selector

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
PART, TOTAL, LIVE, ARRIVED = "part", "total", "live", "arrived"
SERIES, RESETS, BEFORE, RESTARTED = "series", "resets", "before", "restarted"


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the time before a slice is taken into account.

    Attributes:
        look_back: how far before the slice the last sample of a series is looked for.
        unmeasured: time directly before the slice in which nothing was measured; processes that started in it are new.
    """

    look_back: timedelta = LOOK_BACK
    unmeasured: timedelta = timedelta(0)


NEAR = Reach()
"""The reach after a measured slice."""


def counting_query(sli: Sli, step: timedelta, reach: Reach = NEAR) -> str:
    """PromQL that gives, at a slice's end, what the slice holds: one row for each kind.

    Rows: ``part`` and ``total``, the increases (absent when no series counts); ``live``, how many series of the total
    had a sample within the look-back; ``arrived``, how many series of the total came into view and were not counted.

    Raises:
        ValueError: a query of the SLI is no plain selector.
    """
    part, total = parse_selector(sli.part), parse_selector(sli.total)
    slice_ = _Slice(step, reach)
    born = _born(total, slice_)
    rows = {
        PART: _increase(part, slice_, born),
        TOTAL: _increase(total, slice_, born),
        LIVE: _live(total),
        ARRIVED: f"count({_arrived(total, slice_, born)} or {_arrived(part, slice_, born)})",
    }
    return _labelled(rows)


def survey_query(sli: Sli, step: timedelta) -> str:
    """PromQL that counts ordinary slices, and tells which slices are not, at a fraction of the full question's cost.

    Rows: ``part`` and ``total``, the plain sums of L - P; ``live``, as in ``counting_query``; and for both counters how
    many series and how many resets there are in the look-back with the slice, and in the look-back alone. Where
    either grew, a series was born or restarted in the slice, and only ``counting_query`` counts it right. The same
    holds for ``restarted``, the targets whose process started in the look-back or the slice.

    Raises:
        ValueError: a query of the SLI is no plain selector.
    """
    slice_ = _Slice(step, NEAR)
    total = parse_selector(sli.total)
    recently = f"{slice_.started(total)} > time() - {(step + LOOK_BACK).total_seconds():g}"
    rows = {
        LIVE: _live(total),
        RESTARTED: f"count(({recently}) and on (job, instance) {slice_.last(total)})",
    }
    for kind, counter in ((PART, parse_selector(sli.part)), (TOTAL, total)):
        rows[kind] = f"sum({slice_.last(counter)} - {slice_.before(counter)})"
        with_slice, without = counter.over(slice_.length_with_look_back), slice_.range_before(counter)
        rows |= {
            f"{kind}_{SERIES}": f"count(last_over_time({with_slice}))",
            f"{kind}_{SERIES}_{BEFORE}": f"count(last_over_time({without}))",
            f"{kind}_{RESETS}": f"sum(resets({with_slice}))",
            f"{kind}_{RESETS}_{BEFORE}": f"sum(resets({without}))",
        }
    return _labelled(rows)


def _labelled(rows: Mapping[str, str]) -> str:
    return "\nor ".join(f'label_replace({value}, "{KIND}", "{kind}", "", "")' for kind, value in rows.items())


def _live(total: Selector) -> str:
    return f"count(last_over_time({total.over(format_duration(LOOK_BACK))}))"


@dataclass(frozen=True, slots=True)
class _Slice:
    step: timedelta
    reach: Reach

    def last(self, selector: Selector) -> str:
        return f"last_over_time({selector.over(self._length)})"

    def lowest(self, selector: Selector) -> str:
        return f"min_over_time({selector.over(self._length)})"

    def peak(self, selector: Selector) -> str:
        return f"max_over_time({selector.over(self._length)})"

    def before(self, selector: Selector) -> str:
        return f"last_over_time({self.range_before(selector)})"

    def long_before(self, selector: Selector) -> str:
        """The last sample before the slice within an hour: a series that has one was hidden, not born.

        Unless its target's process started since: then the old sample is another process'.
        """
        known = f"last_over_time({selector.over(format_duration(KNOWN_FOR), offset=self._length)})"
        recently = f"{self.started(selector)} > time() - {(self.step + KNOWN_FOR).total_seconds():g}"
        return f"({known} unless on (job, instance) ({recently}))"

    def range_before(self, selector: Selector) -> str:
        """The samples of the look-back."""
        return selector.over(format_duration(self.reach.look_back), offset=self._length)

    def started(self, counter: Selector) -> str:
        """When the process of each target of a counter started.

        Nothing is told by a clock ahead of the server's, nor where two processes answer for one job and instance.
        """
        starts = self.last(counter.target_metric("process_start_time_seconds"))
        alone = f"count by (job, instance) ({starts}) == 1"
        return f"((max by (job, instance) ({starts}) <= time()) and ({alone}))"

    def restarted(self, counter: Selector) -> str:
        """The series whose P was sampled before their target's process started, and L after it."""
        near, far = self._sampled_before(counter, LOOK_BACK), self._sampled_before(counter, self.reach.look_back)
        before = near if near == far else f"({near} or {far})"
        now = f"max_over_time(timestamp({counter})[{self._length}:{format_duration(self._often)}])"
        started = f"on (job, instance) group_left () {self.started(counter)}"
        return f"(({before} < {started}) and ({now} >= {started}))"

    def _sampled_before(self, counter: Selector, look_back: timedelta) -> str:
        """When P was sampled: in small steps over the ordinary look-back, in larger ones further back."""
        every = min(max(look_back / _SAMPLINGS, self._often), _SAMPLED_EVERY_AT_MOST)
        over = f"[{format_duration(look_back)}:{format_duration(every)}] offset {self._length}"
        return f"max_over_time(timestamp({counter}){over})"

    @property
    def _often(self) -> timedelta:
        return min(_SAMPLED_EVERY, self.step)

    @property
    def length_with_look_back(self) -> str:
        return format_duration(self.step + self.reach.look_back)

    def started_after(self) -> str:
        """The instant after which a process counts as started in the slice."""
        return f"time() - {(self.step + self.reach.unmeasured + START_SLACK).total_seconds():g}"

    @property
    def _length(self) -> str:
        return format_duration(self.step)


def _increase(counter: Selector, slice_: _Slice, born: str) -> str:
    last, before, lowest, peak = (
        slice_.last(counter),
        slice_.before(counter),
        slice_.lowest(counter),
        slice_.peak(counter),
    )
    fell, on_target = f"({peak} > bool {last})", "on (job, instance)"
    after_reset = f"({last} + clamp_min({peak} - {before}, 0) * {fell})"
    restart = f"({after_reset} and {slice_.restarted(counter)})"
    steady = f"(({last} - {before}) and ({lowest} >= {before}))"
    reset = f"({after_reset} and ({lowest} < {before}))"
    birth = (
        f"((({last} + {peak} * {fell}) unless {before} unless {slice_.long_before(counter)}) and {on_target} ({born}))"
    )
    # The first arm that knows a series counts it: a restart goes before what its value looks like.
    return f"sum(\n  {restart}\n  or {steady}\n  or {reset}\n  or {birth}\n)"


def _arrived(counter: Selector, slice_: _Slice, born: str) -> str:
    """Series that came into view and were not born: known from long before, or on a target that is not known."""
    newcomers = f"({slice_.last(counter)} unless {slice_.before(counter)})"
    return f"(({newcomers} and {slice_.long_before(counter)}) or ({newcomers} unless on (job, instance) ({born})))"


def _born(total: Selector, slice_: _Slice) -> str:
    """Targets whose new series are born rather than arrived.

    ``up`` of the very target must have been in view before: a relabelled target brings a new ``up`` along, and its
    counters are old.
    """
    up, process_start = total.target_metric("up"), total.target_metric("process_start_time_seconds")
    seen = f"({slice_.before(up)} == 1 or {slice_.before(total)})"
    relabelled = f"({slice_.last(up)} unless {slice_.before(up)})"
    started = f"({slice_.last(process_start)} > {slice_.started_after()})"
    return f"({seen} unless on (job, instance) {relabelled}) or {started}"
