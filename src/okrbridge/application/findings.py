"""Findings: what okrbridge notices about definitions and data, with when it was first seen and what became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from okrbridge.application.check_ins import RECENT_CHECK_INS, to_discuss
from okrbridge.application.cycles.phases import phase_of
from okrbridge.application.cycles.score_items import is_restricted
from okrbridge.application.daily_progress import daily_progress
from okrbridge.application.measuring.by_event import was_sent
from okrbridge.application.okr_records import Finding, FindingState, ScoreRecord
from okrbridge.application.parts import Parts
from okrbridge.application.ports import Transaction
from okrbridge.application.self_diagnosis import (
    hidden_by_the_aggregate,
    low_scores,
    noticed,
    out_of_reach,
    without_attention,
    without_instrumentation,
    without_ownership,
)
from okrbridge.application.self_diagnosis_metrics import (
    ALERT,
    ALERT_DAYS,
    MOVED,
    alert_fatigue,
    differing_sources,
    misaligned,
    movement,
    paired,
    several_queries,
)
from okrbridge.application.snapshot import IndicatorReport, KeyResultReport, Snapshot
from okrbridge.domain.cycles import CyclePhase
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult
from okrbridge.domain.lint.checking import lint
from okrbridge.domain.measures import IndicatorMeasure, Measure
from okrbridge.domain.windows import Interval

EVERY = timedelta(minutes=10)
MOST_ALERTS = 10_000


@dataclass
class Findings:
    """Keeps the findings of one set of definitions up to date, every ten minutes."""

    parts: Parts
    definitions: DefinitionSet
    _done: datetime | None = field(default=None, init=False)

    def run(self, snapshot: Snapshot) -> int:
        """Look for findings when it is time again; returns how many are open.

        Raises:
            StorageError: nothing was stored; the next tick tries again.
        """
        if self._done is not None and snapshot.at - self._done < EVERY:
            return 0
        found = find(self.parts, self.definitions, snapshot, snapshot.at)
        self._done = snapshot.at
        return sum(one.state is FindingState.OPEN for one in found)


def find(parts: Parts, definitions: DefinitionSet, snapshot: Snapshot, at: datetime) -> list[Finding]:
    """Look for findings, and store them merged with those known before; returns all of them."""
    found = diagnose(parts, definitions, snapshot, at)
    with parts.storage.transaction() as transaction:
        known = transaction.findings.all()
        after = merged(known, found)
        before = {(one.code, one.subject): one for one in known}
        transaction.findings.save([one for one in after if before.get((one.code, one.subject)) != one])
    return after


def merged(known: Sequence[Finding], found: Sequence[Finding]) -> list[Finding]:
    """Findings known before with those that are seen now, by code and subject.

    What is seen again keeps when it was first seen, and stays accepted; what was fixed and comes back is open and new.
    What is gone is fixed; what was accepted stays so, for when it comes back.
    """
    before = {(one.code, one.subject): one for one in known}
    now = {(one.code, one.subject): one for one in found}
    gone = (_without(one) for key, one in before.items() if key not in now)
    seen = (_seen_again(before.get(key), one) for key, one in now.items())
    return sorted((*gone, *seen), key=lambda one: (one.code, one.subject))


def _without(before: Finding) -> Finding:
    return replace(before, state=FindingState.FIXED) if before.state is FindingState.OPEN else before


def _seen_again(before: Finding | None, now: Finding) -> Finding:
    if before is None or before.state is FindingState.FIXED:
        return now
    return replace(now, first_seen=before.first_seen, state=before.state, note=before.note, by=before.by)


def diagnose(parts: Parts, definitions: DefinitionSet, snapshot: Snapshot, at: datetime) -> list[Finding]:
    """Everything that is wrong now: lints and F1 to F7, by code and subject; nothing is stored.

    Args:
        definitions: those that the snapshot was made with.
        snapshot: the last tick.
    """
    found = [*_lints(definitions, snapshot, at), *several_queries(definitions, at)]
    for indicator in snapshot.indicators:
        found += differing_sources(indicator, at)
    with parts.storage.reading() as transaction:
        closed = transaction.scores.cycles()
        told = [one for one in snapshot.key_results if phase_of(one.cycle, at, closed) is CyclePhase.DELIVERY]
        found += _of_key_results(transaction, told, definitions, at)
        found += _of_outcomes(transaction, told, snapshot, at)
        found += _of_teams(transaction.scores.all(), definitions, at)
        alerts = Interval(at - 2 * ALERT_DAYS, at)
        found += alert_fatigue(transaction.events.between(alerts, (ALERT,), MOST_ALERTS), at)
    unique = {(one.code, one.subject): one for one in reversed(found)}
    return sorted(unique.values(), key=lambda one: (one.code, one.subject))


def _lints(definitions: DefinitionSet, snapshot: Snapshot, at: datetime) -> Iterator[Finding]:
    """Lints of the key results as they are evaluated, with the baselines that were frozen."""
    reports = snapshot.key_result_by_id
    resolved = tuple(
        replace(
            objective,
            key_results=tuple(
                reports[one.id].key_result if one.id in reports else one for one in objective.key_results
            ),
        )
        for objective in definitions.objectives
    )
    frozen = {name: report.frozen_baseline for name, report in reports.items()}
    noise = {name: one.noise for name, one in frozen.items() if one is not None and one.noise is not None}
    for one in lint(replace(definitions, objectives=resolved), noise):
        yield noticed(one.code, one.subject, one.message, at, {"severity": one.severity.value})


def _of_key_results(
    transaction: Transaction, told: Sequence[KeyResultReport], definitions: DefinitionSet, at: datetime
) -> Iterator[Finding]:
    recent = transaction.check_ins.recent([one.key_result.id for one in told], at, RECENT_CHECK_INS)
    for report in told:
        yield from without_instrumentation(
            report,
            _measure(report.key_result, definitions),
            at,
            is_sent=partial(was_sent, transaction.events),
        )
        yield from hidden_by_the_aggregate(report, at)
        check_ins = recent.get(report.key_result.id, [])
        yield from without_ownership(report, check_ins, at)
        if (drop := to_discuss(report, check_ins, definitions)) is not None:
            yield replace(drop, last_seen=at)
        yield from out_of_reach(report, report.outlook, at)
        yield from without_attention(report, report.outlook, at)


def _measure(key_result: KeyResult, definitions: DefinitionSet) -> Measure:
    """What measures it: that of its indicator, where it follows one."""
    own = key_result.measure
    followed = own.indicator if isinstance(own, IndicatorMeasure) else None
    return next((one.measure for one in definitions.indicators if one.name == followed), own)


def _of_outcomes(
    transaction: Transaction, told: Sequence[KeyResultReport], snapshot: Snapshot, at: datetime
) -> Iterator[Finding]:
    for report in told:
        indicator = snapshot.indicator_by_name.get(report.key_result.outcome)
        ratio = report.progress.progress_ratio
        if indicator is not None and ratio is not None and ratio >= MOVED:
            yield from _of_outcome(transaction, report, indicator, at)


def _of_outcome(
    transaction: Transaction, report: KeyResultReport, indicator: IndicatorReport, at: datetime
) -> Iterator[Finding]:
    key_result, name = report.key_result, indicator.indicator.id
    days = daily_progress(transaction, [key_result.id, name], Interval(key_result.period.start, at))
    outcome = {f"{one.at:%F}": one.value for one in days[name] if one.value is not None}
    progress = {f"{one.at:%F}": one.raw_ratio for one in days[key_result.id] if one.raw_ratio is not None}
    moved = movement(*paired(outcome, progress))
    yield from misaligned(key_result, report.progress.progress_ratio, indicator.indicator, moved, at)


def _of_teams(scores: Sequence[ScoreRecord], definitions: DefinitionSet, at: datetime) -> Iterator[Finding]:
    by_team: Mapping[str, list[ScoreRecord]] = defaultdict(list)
    for one in scores:
        objective = definitions.objective_by_name.get(one.key_result.partition("/")[0])
        # The median of a team is told to everybody, and that of one score is the score.
        if objective is not None and objective.team and not is_restricted(one):
            by_team[objective.team].append(one)
    for team, own in by_team.items():
        yield from low_scores(team, own, definitions.cycle_by_name, at)
