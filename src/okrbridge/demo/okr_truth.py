"""Key results as okrbridge measured them, beside what the demo knows that it told."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from okrbridge.demo.feed import Item
from okrbridge.demo.happenings import BASELINE_DAYS, DAY, Happening
from okrbridge.demo.world import World

_SEVERE = ("sev1", "sev2")
_NOISE = 1e-9


@dataclass(frozen=True, slots=True)
class Check:
    """One number of one key result, as measured and in truth."""

    name: str
    measured: float | None
    true: float

    @property
    def is_exact(self) -> bool:
        """Whether they differ by no more than floating point does."""
        return self.measured is not None and math.isclose(self.measured, self.true, rel_tol=_NOISE)

    def __str__(self) -> str:
        if self.measured is None:
            return f"{self.name}: not measured yet, {self.true:.6g} in truth"
        verdict = "exact" if self.is_exact else f"not exact, {self.true:.6g} in truth"
        return f"{self.name}: {self.measured:.6g} ({verdict})"


def checks(items: Iterable[Item], world: World) -> Iterator[Check]:
    """The numbers of the key results whose truth is known, each at the instant it was evaluated at."""
    for item in items:
        name = f"{item.get('objective')}/{item.get('key_result')}"
        truth = _TRUTHS.get(name)
        at = item.get("evaluated_at")
        if truth is None or not isinstance(at, str):
            continue
        true = truth(world, datetime.fromisoformat(at))
        yield Check(name, _number(item.get("value")), true)
        if name == _RESTORE:
            yield Check(f"{name} before the cycle", _number(item.get("baseline")), _restored_before_the_cycle(world))


def _incidents(world: World, at: datetime) -> float:
    """Severe incidents of the last calendar month."""
    return float(len(_severe(world, _month_before(at), at)))


def _time_to_restore(world: World, at: datetime) -> float:
    """Mean seconds of the severe incidents of 28 days."""
    return _mean_seconds(_severe(world, at - 28 * DAY, at))


def _restored_before_the_cycle(world: World) -> float:
    return _mean_seconds(_severe(world, world.cycle_start - BASELINE_DAYS * DAY, world.cycle_start))


def _activation(world: World, at: datetime) -> float:
    """Of who signed up within 14 days, the share that ordered within 3 days; who still has time is left out."""
    within = timedelta(days=3)
    ordered = {one.subject: one.start for one in world.happenings if one.kind == "first-order"}
    outcomes = []
    for one in world.happenings:
        if one.kind == "signup" and at - 14 * DAY <= one.start < at:
            order = ordered.get(one.subject)
            in_time = order is not None and order <= one.start + within
            if in_time or one.start + within < at:
                outcomes.append(in_time)
    return sum(outcomes) / len(outcomes)


def _cost_per_order(world: World, at: datetime) -> float:
    """Cost of 7 days by their orders."""
    week = [bill for bill in world.bills if at - 7 * DAY <= bill.day < at]
    return sum(bill.cost_eur for bill in week) / sum(bill.orders for bill in week)


def _scanned(world: World, at: datetime) -> float:
    """Share of the repositories that were scanned."""
    return sum(one.scanned_on is not None and one.scanned_on <= at for one in world.repositories) / len(
        world.repositories
    )


_RESTORE = "lean-platform/time-to-restore"
_TRUTHS: Mapping[str, Callable[[World, datetime], float]] = {
    "trusted-shop/incidents": _incidents,
    "trusted-shop/activation": _activation,
    "lean-platform/cost-per-order": _cost_per_order,
    "lean-platform/scanned-repositories": _scanned,
    _RESTORE: _time_to_restore,
}


def _severe(world: World, start: datetime, end: datetime) -> list[Happening]:
    return [
        one
        for one in world.happenings
        if one.kind == "incident" and one.severity in _SEVERE and start <= one.start < end
    ]


def _mean_seconds(incidents: Sequence[Happening]) -> float:
    return math.fsum(one.seconds for one in incidents) / len(incidents)


def _month_before(at: datetime) -> datetime:
    """The same clock time of the month before, on its last day where that is shorter."""
    last = at.replace(day=1) - DAY
    return last.replace(day=min(at.day, last.day))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
