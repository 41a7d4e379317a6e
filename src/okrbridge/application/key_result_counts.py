"""What the ledger holds of the time that key results' SLO measures speak of: summed together where it can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from okrbridge.application.ports import Ledger
from okrbridge.application.slo_counts import SloCounts
from okrbridge.application.slo_reports import NEVER
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


def counted(
    asked: Mapping[str, tuple[Slo, Interval]], ledger: Ledger, counts: SloCounts, at: datetime
) -> Mapping[str, Counted]:
    """The counts of (SLO, window) by the name they are asked under."""
    names, pairs = list(asked), list(asked.values())
    newest = _newest([slo for slo, _ in pairs], ledger, at)
    found: dict[str, Counted] = {}
    for each in counts.put_together(pairs):
        window = each.question
        for rows, sums in zip(each.rows, counts.sums(each.batch, [window]), strict=True):
            asked_ratios = sums.asked_ratio[:, 0].tolist()
            for row, place in enumerate(rows.tolist()):
                last = newest[pairs[place][0].name]
                found[names[place]] = Counted(window, sums.counts(row, 0), asked_ratios[row], last)
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
