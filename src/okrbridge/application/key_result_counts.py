"""What the ledger holds of the time that key results' SLO measures speak of: summed together where it can be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from okrbridge.application.ports import Ledger
from okrbridge.application.slo_counts import SloCounts
from okrbridge.application.slo_reports import NEVER
from okrbridge.domain.error_budget import quotient
from okrbridge.domain.ledger import WindowCounts
from okrbridge.domain.slo import Slo
from okrbridge.domain.windows import Interval, from_epoch


@dataclass(frozen=True, slots=True)
class Counted:
    """What is known of an SLO in one window.

    Attributes:
        asked_ratio: share of the window that was asked for, whatever the answer was.
        last_measured_end: end of the newest measured slice, also outside the window; None when there is none.
    """

    window: Interval
    counts: WindowCounts
    asked_ratio: float
    last_measured_end: datetime | None


@dataclass(frozen=True, slots=True)
class _Found:
    counts: WindowCounts
    asked_ratio: float


def counted(
    asked: Mapping[str, tuple[Slo, Interval]], ledger: Ledger, counts: SloCounts, at: datetime
) -> Mapping[str, Counted]:
    """The counts of (SLO, window) by the name they are asked under."""
    together: dict[tuple[Interval, tuple[str, ...]], list[str]] = defaultdict(list)
    found: dict[str, _Found] = {}
    for name, (slo, window) in asked.items():
        group = counts.group_of(slo)
        if group is None:
            found[name] = _one(slo, window, ledger, counts)
        else:
            together[window, tuple(one.name for one in group)].append(name)
    for (window, _), names in together.items():
        found |= _many(names, [asked[name][0] for name in names], window, counts)
    newest = _newest([slo for slo, _ in asked.values()], ledger, at)
    return {
        name: Counted(window, found[name].counts, found[name].asked_ratio, newest[slo.name])
        for name, (slo, window) in asked.items()
    }


def _one(slo: Slo, window: Interval, ledger: Ledger, counts: SloCounts) -> _Found:
    (sums,) = counts.window_counts(slo, [window])
    asked = ledger.window_sums([leaf.key for leaf in slo.sli.leaves], [window]).asked_seconds
    return _Found(sums, quotient(float(asked.min()), window.length.total_seconds(), otherwise=1.0))


def _many(names: Sequence[str], slos: Sequence[Slo], window: Interval, counts: SloCounts) -> dict[str, _Found]:
    keys = list(dict.fromkeys(slo.sli.key for slo in slos))
    places = {key: place for place, key in enumerate(keys)}
    sums, in_force = counts.group_sums(keys, [window], counts.group_of(slos[0]) or ())
    seconds = float(in_force[0])
    found = {}
    for name, slo in zip(names, slos, strict=True):
        row = places[slo.sli.key]
        window_counts = WindowCounts(
            good=float(sums.good[row, 0]),
            total=float(sums.total[row, 0]),
            measured=timedelta(seconds=float(sums.measured_seconds[row, 0])),
            in_force=timedelta(seconds=seconds),
        )
        asked = quotient(float(sums.asked_seconds[row, 0]), seconds, otherwise=1.0)
        found[name] = _Found(window_counts, asked)
    return found


def _newest(slos: Sequence[Slo], ledger: Ledger, at: datetime) -> Mapping[str, datetime | None]:
    """By SLO; a composite is as old as the oldest of the members that were ever measured."""
    keys = list(dict.fromkeys(leaf.key for slo in slos for leaf in slo.sli.leaves))
    ends = dict(zip(keys, ledger.last_measured_ends(keys, at).tolist(), strict=True))
    oldest = {
        slo.name: min((ends[leaf.key] for leaf in slo.sli.leaves if ends[leaf.key] != NEVER), default=NEVER)
        for slo in slos
    }
    return {name: None if end == NEVER else from_epoch(end) for name, end in oldest.items()}
