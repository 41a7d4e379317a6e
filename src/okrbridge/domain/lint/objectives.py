"""Lints of one objective: how many key results it has, whether they tell early, guard each other, reach customers."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from okrbridge.domain.key_results import IndicatorTiming, KeyResult, KeyResultKind
from okrbridge.domain.lint.findings import FEWEST_KEY_RESULTS, MOST_KEY_RESULTS, LintFinding, Severity
from okrbridge.domain.lint.titles import about, is_task
from okrbridge.domain.lint.words import CUSTOMER
from okrbridge.domain.measures import SloMeasure
from okrbridge.domain.objectives import OkrObjective

_PURSUED = (
    KeyResultKind.INCREASE,
    KeyResultKind.DECREASE,
    KeyResultKind.REACH,
    KeyResultKind.RELATIVE,
    KeyResultKind.SHARE,
    KeyResultKind.COUNT_PER_PERIOD,
)
"""Kinds in which more is better without end: they can be driven at the cost of something else."""
_HELD = (
    KeyResultKind.THRESHOLD,
    KeyResultKind.MAINTAIN,
    KeyResultKind.BAND,
    KeyResultKind.ERROR_BUDGET,
    KeyResultKind.COMPOSITE,
)
"""Kinds that hold a limit, and so stand beside what is pursued."""


def lint_objective(objective: OkrObjective, team_names: Collection[str], led: Collection[str]) -> Iterator[LintFinding]:
    """What is to be said of an objective by itself.

    Args:
        team_names: all teams that are named anywhere.
        led: those of them that have a lead.
    """
    subject, active = f"objective:{objective.name}", [one for one in objective.key_results if one.state.counts]
    if is_task(objective.title):
        yield LintFinding("task_not_outcome", subject, about(objective.title, "task_not_outcome"))
    yield from _count(subject, len(active))
    yield from _leading(subject, active)
    yield from _guards(active)
    yield from _customers(objective, active)
    if not objective.owner:
        yield LintFinding("no_owner", subject, "has no owner; name who answers for it with owner", Severity.ERROR)
    is_team = objective.owner in team_names and objective.owner not in led
    if objective.co_owners and is_team and objective.team not in led:
        message = "is owned by several teams and led by nobody; make a person the owner, or make it one for each team"
        yield LintFinding("co_owners_without_lead", subject, message)


def _count(subject: str, count: int) -> Iterator[LintFinding]:
    if count > MOST_KEY_RESULTS:
        message = f"has {count} key results, {MOST_KEY_RESULTS} at most can be kept in view; keep those that decide"
        yield LintFinding("too_many_key_results", subject, message)
    if count < FEWEST_KEY_RESULTS:
        message = f"has {count} active key result{'' if count == 1 else 's'}; add one that shows another side of it"
        yield LintFinding("too_few_key_results", subject, message)


def _leading(subject: str, active: list[KeyResult]) -> Iterator[LintFinding]:
    timings = {one.timing for one in active}
    if IndicatorTiming.LAGGING in timings and IndicatorTiming.LEADING not in timings:
        message = "has lagging key results and no leading one, so it learns too late; add one with timing: leading"
        yield LintFinding("no_leading_indicator", subject, message)


def _guards(active: list[KeyResult]) -> Iterator[LintFinding]:
    """A number that is pursued with nothing beside it that must hold can be reached by breaking something else."""
    if any(map(_is_held, active)):
        return
    for one in active:
        if one.kind in _PURSUED and not one.guards:
            message = (
                "every number can be gamed, and nothing here guards this one; name with guards a key result that must "
                "hold as well, such as a threshold of quality or cost"
            )
            yield LintFinding("unguarded_metric", one.id, message)


def _is_held(key_result: KeyResult) -> bool:
    """Whether it states a limit; a count per period does when it has an operator, such as at most 3 a month."""
    is_limit = key_result.kind is KeyResultKind.COUNT_PER_PERIOD and key_result.operator is not None
    return key_result.kind in _HELD or is_limit


def _customers(objective: OkrObjective, active: list[KeyResult]) -> Iterator[LintFinding]:
    if objective.customer_facing and active and not any(map(_is_noticed_by_customers, active)):
        message = "promises something to customers, and no key result is about what they notice; add one"
        yield LintFinding("no_customer_key_result", f"objective:{objective.name}", message)


def _is_noticed_by_customers(key_result: KeyResult) -> bool:
    told = f"{key_result.title} {key_result.metric_name} {key_result.definition.counted}"
    return isinstance(key_result.measure, SloMeasure) or CUSTOMER.search(told) is not None
