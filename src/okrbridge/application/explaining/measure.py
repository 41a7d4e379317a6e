"""What stands behind a key result's measure: the SLO's queries, its target, its alert thresholds."""

from __future__ import annotations

from okrbridge.application.explaining.slo import indicator_item, pair_item
from okrbridge.application.reports import Item, finite
from okrbridge.domain.alerting import pairs_of
from okrbridge.domain.slo import Slo


def measuring_slo_item(slo: Slo, definition: Item | None) -> Item:
    """The SLO that measures a key result.

    Args:
        slo: the SLO.
        definition: where it is declared, and the revision in force.
    """
    return {
        "slo": slo.name,
        "rationale": slo.description or None,
        "owner": slo.owner or None,
        "indicator": indicator_item(slo.sli),
        "target_ratio": finite(slo.target_ratio),
        "count_budget": finite(slo.count_budget),
        "window": str(slo.window),
        "burn_policy": [pair_item(pair) for pair in pairs_of(slo)],
        "definition": definition,
    }
