"""A cycle in a few numbers: its phase, how its key results stand, and what they scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from okrbridge.application.cycles.phases import phase_of
from okrbridge.application.cycles.view import CycleView
from okrbridge.application.reports import Item, cycle_item, finite, rfc3339
from okrbridge.application.snapshot import CycleReport
from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.portfolio import net_confidence_ratio


def cycle_summary(report: CycleReport, view: CycleView) -> Item:
    """A cycle in the form of ``GET /cycles``; hidden key results are in no count, which would tell how they stand."""
    cycle = report.cycle
    scores = view.scores_of(cycle.name)
    reports = [one for one in view.snapshot.key_results if one.cycle.name == cycle.name and one.key_result.counts]
    statuses = [one.status for one in reports]
    counts = Counter(statuses)
    return {
        **cycle_item(report),
        "phase": str(phase_of(cycle, view.now, view.closed)),
        "closed_at": rfc3339(view.closed.get(cycle.name)),
        "net_confidence_ratio": finite(net_confidence_ratio(statuses)),
        "key_results_count": len(statuses),
        "statuses": {str(status): counts[status] for status in KeyResultStatus},
        "scored_count": len([one for one in scores if one.score is not None]),
        "score_mean": _mean([one.score for one in scores if one.score is not None]),
        "final_score_mean": _mean([one.final for one in scores if one.final is not None]),
    }


def _mean(values: Sequence[float]) -> float | None:
    return finite(sum(values) / len(values)) if values else None
