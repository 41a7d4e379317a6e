"""Scores as flat items, for the API and for what is kept in the audit log."""

from __future__ import annotations

from datetime import datetime

from okrbridge.application.okr_records import ScoreRecord
from okrbridge.application.reports import Item, finite, rfc3339
from okrbridge.application.visibility import Sight
from okrbridge.domain.key_results import Commitment
from okrbridge.domain.progress import Progress
from okrbridge.domain.scoring import is_postmortem_due, is_too_easy, score_of


def score_item(record: ScoreRecord) -> Item:
    """A score in the form of ``GET /cycles/{cycle}/scores``."""
    objective, _, key_result = record.key_result.partition("/")
    return {
        "objective": objective,
        "key_result": key_result,
        "cycle": record.cycle,
        "title": record.evidence.get("title") or record.key_result,
        "closed_at": rfc3339(record.closed_at),
        "computed_score": finite(record.computed),
        "score": finite(record.score),
        "colour": None if record.score is None else str(score_of(record.score).colour),
        "outcome": str(record.outcome),
        "override_reason": record.override_reason or None,
        "review": record.review,
        "is_postmortem_due": is_postmortem_due(record.outcome, commitment_of(record)),
        "is_too_easy": was_too_easy(record),
        "final_score": finite(record.final),
        "final_at": rfc3339(record.final_at),
        "significance": None if record.significance is None else dict(record.significance),
        "evidence": dict(record.evidence),
    }


def seen_score(record: ScoreRecord, sight: Sight) -> Item | None:
    """A score as a caller sees it, without guards that are hidden now or were restricted at the close.

    None when its key result is hidden now, or was restricted at the close.
    """
    item = score_item(record)
    if sight.sees_all:
        return item
    if is_restricted(record) or not sight.shows_key_result(record.key_result):
        return None
    kept = item["evidence"].get("guards") or []
    told = [one for one in kept if not one.get("is_restricted") and sight.shows_key_result(one["guard"])]
    return sight.redacted({**item, "evidence": {**item["evidence"], "guards": told}})


def commitment_of(record: ScoreRecord) -> Commitment:
    """What was expected of a key result when its cycle closed."""
    return Commitment(str(record.evidence.get("commitment") or Commitment.COMMITTED))


def was_too_easy(record: ScoreRecord) -> bool:
    """Whether an aspiration was reached in full, which asks whether it was one."""
    raw = raw_ratio_of(record)
    return raw is not None and is_too_easy(Progress.of(raw), commitment_of(record))


def raw_ratio_of(record: ScoreRecord) -> float | None:
    """The raw progress a score rests on; None without one."""
    raw = record.evidence.get("raw_ratio")
    return float(raw) if isinstance(raw, int | float) else None


def is_restricted(record: ScoreRecord) -> bool:
    """Whether a key result was restricted when its cycle closed."""
    return record.evidence.get("is_restricted") is True


def scored_as_of(record: ScoreRecord) -> datetime:
    """The instant that a score speaks of: the close, or the cycle's end if that was before."""
    as_of = record.evidence.get("as_of")
    return datetime.fromisoformat(as_of) if isinstance(as_of, str) else record.closed_at
