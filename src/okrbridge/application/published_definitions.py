"""What the words and numbers of okrbridge mean, as published: statuses, policies, formulas, codes."""

from __future__ import annotations

from collections.abc import Mapping

from okrbridge.application.finding_codes import FINDING_CODES
from okrbridge.application.known_mistakes import MISTAKE_BY_CODE, MISTAKES
from okrbridge.application.reports import Item
from okrbridge.domain.confidence import DISCUSS_DROP, DIVERGENCE, ConfidenceColour, colour_of
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResultKind, RevisionReason
from okrbridge.domain.pacing import DEFAULT_POLICY, KeyResultStatus, StatusPolicy

STATUSES: Mapping[KeyResultStatus, str] = {
    KeyResultStatus.MISSED: "due, and not reached",
    KeyResultStatus.OFF_TRACK: "the gap to the plan is above at_risk_gap; a limit is broken beyond its critical value",
    KeyResultStatus.AT_RISK: "the gap is above on_track_gap; a limit is broken and within its critical value",
    KeyResultStatus.STALE: "the newest value is too old to judge by",
    KeyResultStatus.NO_DATA: "never measured",
    KeyResultStatus.ON_TRACK: "the gap is on_track_gap at most; a limit holds",
    KeyResultStatus.ACHIEVED: "raw progress is 1 or more; for a limit, it holds when due",
    KeyResultStatus.NOT_STARTED: "its period has not begun; skipped in roll-ups",
    KeyResultStatus.TOO_EARLY: "too little of the period has passed; skipped in roll-ups",
}
"""One meaning each, worst first."""

FORMULAS: tuple[tuple[str, str, str], ...] = (
    ("A1", "progress", "raw = (value - baseline) / (target - baseline); progress is raw held between 0 and 1"),
    ("A2", "relative", "target = baseline x (1 + change), the baseline frozen before the start"),
    ("A3", "maintain", "progress = min(1, (good time / observed time) / required share)"),
    ("A4", "critical zone", "between target and critical is at risk, beyond is off track"),
    ("A5", "error budget", "progress = 1 while consumed <= allowance, then (1 - consumed) / (1 - allowance)"),
    ("A6", "count per period", "before a period is over: count / elapsed share; too early below 0.2 of it"),
    ("A7", "expected", "straight lines through start, checkpoints and due date"),
    ("A8", "status", "gap = goal x expected - progress, judged by the status policy"),
    ("A9", "objective progress", "weighted mean of progress; never measured counts 0; coverage beside it"),
    ("A10", "objective status", "the worst of the committed key results"),
    ("A11", "composite", "weighted mean of parts; a breached guard holds the status at at_risk"),
    ("A12", "forecast", "robust line through one point a cadence, projected to the due date, with an interval"),
    ("A13", "velocity", "progress a week; required = (goal - progress) / weeks left"),
    ("A14", "score", "progress at close to one digit, halves up"),
    ("A15", "confidence", "0 to 10; divergence = human - machine"),
    ("A16", "portfolio", "net confidence = share on track - share off track"),
)


def published_definitions(definitions: DefinitionSet) -> Item:
    """Statuses, policies, formulas and limits, as every page, alert and answer uses them."""
    in_use = {cycle.name: definitions.policy_of(cycle) for cycle in definitions.cycles}
    policies = {DEFAULT_POLICY.name: DEFAULT_POLICY, **definitions.policies}
    return {
        "statuses": [{"status": str(status), "meaning": text} for status, text in STATUSES.items()],
        "status_policies": [_policy_item(policies[name]) for name in sorted(policies)],
        "policy_by_cycle": {name: policy.name for name, policy in sorted(in_use.items())},
        "formulas": [{"id": number, "name": name, "formula": text} for number, name, text in FORMULAS],
        "key_result_kinds": [str(kind) for kind in KeyResultKind],
        "revision_reasons": [str(reason) for reason in RevisionReason],
        "confidence": {
            "green_from": _lowest(ConfidenceColour.GREEN),
            "amber_from": _lowest(ConfidenceColour.AMBER),
            "discuss_drop": DISCUSS_DROP,
            "divergence": DIVERGENCE,
        },
        "finding_codes": [
            {"code": code, "meaning": text, "mistake": MISTAKE_BY_CODE[code]} for code, text in FINDING_CODES.items()
        ],
        "mistakes": [
            {"number": number, "mistake": one.title, "codes": list(one.codes), "why": one.why, "remedy": one.remedy}
            for number, one in MISTAKES.items()
        ],
    }


def _policy_item(policy: StatusPolicy) -> Item:
    return {
        "name": policy.name,
        "revision": policy.revision,
        "on_track_gap": policy.on_track_gap,
        "at_risk_gap": policy.at_risk_gap,
        "committed_goal": policy.committed_goal,
        "aspirational_goal": policy.aspirational_goal,
        "equal_evaluations": policy.equal_evaluations,
    }


def _lowest(colour: ConfidenceColour) -> int:
    return next(number for number in range(11) if colour_of(number) is colour)
