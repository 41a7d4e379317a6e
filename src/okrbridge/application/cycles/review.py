"""The metrics review: what became of the key results of past cycles."""

from __future__ import annotations

from okrbridge.application.cycles.view import CycleView
from okrbridge.application.okr_records import ScoreRecord
from okrbridge.application.reports import Item, finite, rfc3339
from okrbridge.application.snapshot import KeyResultReport
from okrbridge.domain.cycles import Cycle


def review_items(view: CycleView, cycle: Cycle) -> list[Item]:
    """Every scored key result of the cycles before one, with its value at the close and now; newest cycle first.

    One whose definition is gone, or belongs to another cycle by now, has no value now.
    """
    starts = {one.name: one.interval.start for one in view.definitions.cycles}
    past = [one for one in view.scores if one.cycle in starts and starts[one.cycle] < cycle.interval.start]
    newest_first = sorted(past, key=lambda one: (-starts[one.cycle].timestamp(), one.key_result))
    return [_review_item(record, view.snapshot.key_result_by_id.get(record.key_result)) for record in newest_first]


def _review_item(record: ScoreRecord, report: KeyResultReport | None) -> Item:
    now = report if report is not None and report.cycle.name == record.cycle else None
    objective, _, key_result = record.key_result.partition("/")
    return {
        "objective": objective,
        "key_result": key_result,
        "cycle": record.cycle,
        "title": record.evidence.get("title") or record.key_result,
        "team": record.evidence.get("team") or None,
        "unit": record.evidence.get("unit"),
        "baseline": record.evidence.get("baseline"),
        "target": record.evidence.get("target"),
        "value_at_close": record.evidence.get("value"),
        "progress_at_close_ratio": record.evidence.get("progress_ratio"),
        "score": finite(record.score),
        "outcome": str(record.outcome),
        "value_now": finite(now.progress.value) if now else None,
        "progress_now_ratio": finite(now.progress.progress_ratio) if now else None,
        "measured_at": rfc3339(now.progress.measured_at) if now else None,
        "final_score": finite(record.final),
        "is_significant": record.significance.get("is_significant") if record.significance else None,
    }
