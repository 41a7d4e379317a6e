"""How an SLO's slices are asked for, and when they are settled, for its explanation."""

from __future__ import annotations

from datetime import datetime

from okrbridge.application.counting_facts import CountingFacts
from okrbridge.application.reports import Item, rfc3339
from okrbridge.domain.slo import Slo


def asked_together(facts: CountingFacts, slo: Slo) -> list[Item]:
    """The questions that count an SLO's indicators, and how many other indicators each of them counts."""
    own = {leaf.key for leaf in slo.sli.leaves}
    return [
        {
            "query": planned.query,
            "method": planned.method,
            "other_slis": len(planned.sli_keys) - len(own.intersection(planned.sli_keys)),
            "series": planned.series,
            "note": planned.note or None,
        }
        for planned in facts.plan
        if not own.isdisjoint(planned.sli_keys)
    ]


def settling_item(facts: CountingFacts, at: datetime) -> Item:
    """When slices are counted, and since when they are still to be read again at an instant."""
    return {
        "counted_after_seconds": facts.ingest_delay.total_seconds(),
        "read_again_after_seconds": facts.late.total_seconds() or None,
        "provisional_since": rfc3339(at - facts.late) if facts.late else None,
    }
