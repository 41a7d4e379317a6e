"""The report of a cycle: what was wanted, how it went, what was decided, what was learnt.

It speaks of objectives, key results and teams. Nobody's name stands beside a score, except of who does an open action.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import median

from okrbridge.application.cycles.evidence import CycleEvidence
from okrbridge.application.cycles.guard_time import frozen_by_question, with_frozen_baseline
from okrbridge.application.cycles.retrospective_items import action_items, learning_items, too_easy_teams
from okrbridge.application.cycles.rules import changes_between
from okrbridge.application.cycles.score_items import score_item
from okrbridge.application.cycles.summary import cycle_summary
from okrbridge.application.cycles.view import CycleView
from okrbridge.application.okr_records import CheckInOutput, JsonValue, ScoreRecord
from okrbridge.application.ports import Transaction
from okrbridge.application.reports import Item, finite, key_result_item, objective_item, rfc3339
from okrbridge.application.snapshot import CycleReport, KeyResultReport, ObjectiveReport
from okrbridge.domain.cycles import CyclePhase
from okrbridge.domain.objectives import Initiative, InitiativeState, OkrObjective
from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.portfolio import net_confidence_ratio

_NUMBERS = (
    "objective", "key_result", "title", "kind", "commitment", "team", "unit", "baseline", "value", "target",
    "raw_ratio", "progress_ratio", "expected_ratio", "gap_ratio", "status", "quality", "measured_at",
)  # fmt: skip
_FORECAST = ("forecast_p10", "forecast_p50", "forecast_p90", "hit_probability_ratio", "confidence")
_SCORE = (
    "computed_score", "score", "colour", "outcome", "override_reason", "review", "is_postmortem_due", "is_too_easy",
    "final_score", "final_at", "significance",
)  # fmt: skip
_STOPPED = (InitiativeState.DONE, InitiativeState.STOPPED)


@dataclass(frozen=True)
class Reporting:
    """Makes the report of one cycle as a caller sees it."""

    transaction: Transaction
    view: CycleView
    report: CycleReport

    def item(self) -> Item:
        """The whole report; text that would name what is hidden is replaced."""
        rows = [self._objective(one) for one in self._objectives]
        key_results = [row for one in rows for row in one["key_results"]]
        latencies = [
            spell["latency_days"]
            for row in key_results
            for spell in row["red_spells"]
            if spell["latency_days"] is not None
        ]
        content = {
            "cycle": cycle_summary(self.report, self.view),
            "as_of": rfc3339(self.view.snapshot.at),
            "made_at": rfc3339(self.view.now),
            "objectives": rows,
            "teams": _team_items(key_results, self._too_easy),
            "decision_latency_days": finite(median(latencies)) if latencies else None,
            "postmortems_due": [_name(row) for row in key_results if row["is_postmortem_due"]],
            "trade_offs": self._trade_offs(),
            "changes": list(self._changes()),
            "initiatives": [_initiative_item(one) for one in self._initiatives()],
            "learnings": learning_items(self.view.definitions, self._name),
            "actions": action_items(self.view.definitions, self._name, self.view.now),
        }
        return self.view.sight.redacted(content)

    @property
    def _name(self) -> str:
        return self.report.cycle.name

    @cached_property
    def _objectives(self) -> Sequence[ObjectiveReport]:
        return [one for one in self.view.snapshot.objectives if one.objective.cycle == self._name]

    @cached_property
    def _scores(self) -> Mapping[str, ScoreRecord]:
        return {one.key_result: one for one in self.view.scores_of(self._name)}

    @cached_property
    def _evidence(self) -> CycleEvidence:
        key_results = [one.key_result for objective in self._objectives for one in objective.key_results]
        declared = self.view.definitions.key_result_by_id
        frozen = frozen_by_question(self.transaction.baselines.all())
        names = {name for one in key_results for name in one.guards if name in declared}
        guards = {name: with_frozen_baseline(declared[name], frozen) for name in sorted(names)}
        return CycleEvidence(self.transaction, self.report.cycle, key_results, guards, self.view.snapshot.at)

    @property
    def _too_easy(self) -> Sequence[str]:
        return too_easy_teams(self.view.definitions, self.view.scores, self.report.cycle)

    def _objective(self, report: ObjectiveReport) -> Item:
        item = objective_item(report)
        wanted = ("objective", "title", "why", "team", "commitment", "progress_ratio", "measured_only_ratio")
        return {
            **{key: item[key] for key in wanted},
            "coverage_ratio": item["coverage_ratio"],
            "expected_ratio": item["expected_ratio"],
            "status": item["status"],
            "key_results": [self._key_result(one) for one in report.key_results],
        }

    def _key_result(self, report: KeyResultReport) -> Item:
        item = key_result_item(report, self.view.now)
        score = self._scores.get(report.key_result.id)
        kept = score_item(score) if score else dict.fromkeys(_SCORE)
        is_running = self.report.cycle.phase(self.view.now) is CyclePhase.DELIVERY and score is None
        return {
            **{key: item[key] for key in _NUMBERS},
            "state": str(report.key_result.state),
            "mean_interval": None if "override" in item["details"] else item["details"].get("mean_interval"),
            **{key: item[key] if is_running or key == "confidence" else None for key in _FORECAST},
            "value_at_close": score.evidence.get("value") if score else None,
            "progress_at_close_ratio": score.evidence.get("progress_ratio") if score else None,
            **{key: kept[key] for key in _SCORE},
            **self._evidence.items(report.key_result),
        }

    def _trade_offs(self) -> list[Item]:
        """What slows so that something else may move; not told when either is hidden."""
        sight = self.view.sight
        found = [
            (one.at, report.key_result.id, one)
            for objective in self._objectives
            for report in objective.key_results
            for one in self._evidence.check_ins(report.key_result)
            if (one.slows or one.output is CheckInOutput.TRADE_OFF) and (not one.slows or sight.tells_of(one.slows))
        ]
        return [
            {"at": rfc3339(at), "key_result": name, "slows": one.slows or None, "note": one.output_note}
            for at, name, one in sorted(found, key=lambda each: each[:2])
        ]

    def _changes(self) -> Iterator[Item]:
        """How promises were changed since the cycle began, with the reasons."""
        for report in self._objectives:
            yield from self._changes_of(report.objective)

    def _changes_of(self, objective: OkrObjective) -> Iterator[Item]:
        kept, sight = self.transaction.definitions.revisions("Objective", objective.name), self.view.sight
        for before, after in pairwise(kept):
            if before.content is None or after.content is None or after.at not in self._evidence.interval:
                continue
            for change in changes_between(json.loads(before.content), json.loads(after.content)):
                name = f"{objective.name}/{change.key_result}"
                if sight.tells_of(name):
                    why = _reason(change.revision)
                    sides = {"before": change.before, "after": change.after}
                    values = {side: sight.of_references(one, objective.name) for side, one in sides.items()}
                    yield {"key_result": name, "revision": after.number, "at": rfc3339(after.at), **values, **why}

    def _initiatives(self) -> Iterator[Initiative]:
        shown = {one.key_result.id for objective in self._objectives for one in objective.key_results}
        return (one for one in self.view.definitions.initiatives if shown.intersection(one.key_results))


def _reason(revision: Mapping[str, JsonValue] | None) -> Item:
    given = revision or {}
    return {"reason": given.get("reason"), "note": given.get("note") or ""}


def _initiative_item(one: Initiative) -> Item:
    return {
        "initiative": one.name,
        "title": one.title,
        "state": str(one.state),
        "is_over": one.state in _STOPPED,
        "stopped_reason": one.stopped_reason or None,
        "stopped_at": rfc3339(one.stopped_at),
        "url": one.url or None,
        "key_results": list(one.key_results),
    }


def _team_items(key_results: Sequence[Item], too_easy: Sequence[str]) -> list[Item]:
    """How each team's key results stand, and whether it checked in; by name, and in no other order."""
    return [
        _team_item(team, [row for row in key_results if row["team"] == team], too_easy)
        for team in sorted({row["team"] for row in key_results if row["team"]})
    ]


def _team_item(team: str, rows: Sequence[Item], too_easy: Sequence[str]) -> Item:
    statuses = [KeyResultStatus(row["status"]) for row in rows]
    sums = {key: sum(row[key] for row in rows) for key in ("check_ins_expected", "check_ins_made")}
    return {
        "team": team,
        "key_results_count": len(rows),
        "net_confidence_ratio": finite(net_confidence_ratio(statuses)),
        "statuses": dict(Counter(map(str, statuses))),
        **sums,
        "check_ins_without_decision": sum(row["check_ins_without_decision"] for row in rows),
        "targets_too_easy": team in too_easy,
    }


def _name(row: Item) -> str:
    return f"{row['objective']}/{row['key_result']}"
