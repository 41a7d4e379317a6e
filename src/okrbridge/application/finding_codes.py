"""What each code of a finding means, in one sentence; with every remedy in the finding itself."""

from __future__ import annotations

from collections.abc import Mapping

FINDING_CODES: Mapping[str, str] = {
    "no_baseline": "a way without a start",
    "no_numbers": "the title promises a change and says not how much",
    "task_not_outcome": "the title is work to do, not what it changes",
    "output_metric": "it counts what was made, not what became of it",
    "vanity_cumulative": "it can only grow",
    "direction_conflict": "title or verb go against what is good, or against the numbers",
    "undefined_metric": "everybody measures it in another way",
    "definition_incomplete": "what is counted, left out, asked or contributed is not said",
    "target_within_noise": "chance alone may bring the change",
    "proxy_without_note": "it stands for something else and says not how the two go together",
    "unguarded_metric": "a number is pursued and nothing beside it must hold",
    "no_leading_indicator": "an objective learns too late how it does",
    "too_many_key_results": "more than can be kept in view",
    "too_few_key_results": "one side of the objective alone is measured",
    "too_many_objectives": "more than a team gets done in a cycle",
    "no_owner": "nobody answers for it",
    "orphan_objective": "it serves nothing above it",
    "possible_conflict": "two key results pull against each other",
    "co_owners_without_lead": "several teams own it and nobody leads",
    "no_champion": "a team without a local point of contact",
    "north_star_not_served": "it does not say how it serves the North Star",
    "no_customer_key_result": "a promise to customers without anything that they notice",
    "F1": "missing instrumentation: nothing measures it, or its query returns nothing, or with holes",
    "F2": "misaligned metric: it is nearly done and its outcome did not move",
    "F3": "hidden by the aggregate: a member breaches the target while the whole holds",
    "F4": "missing ownership: off track without an owner of its own, or an ask that stays open",
    "F5": "out of reach: hardly a chance for 30% of the way, or two cycles of low scores",
    "F6": "several truths: measures of one metric differ, or ask different questions",
    "F7": "alert fatigue: most alerts are dismissed, or there are too many in a shift",
    "stale_checkin": "nobody checked in for two cadences",
    "stalled": "nothing moved for four weeks and half of its time is over",
    "discuss": "confidence fell sharply from one check-in to the next",
}
"""By code: first what definitions show, then what data and check-ins show."""
