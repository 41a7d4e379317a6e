"""Which SLOs an incident touched, and what it spent of their error budgets, from the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from okrbridge.application.formula_items import formula, number
from okrbridge.application.incidents.incident import Incident
from okrbridge.application.reports import Item, finite, rfc3339
from okrbridge.application.slo_budgets import consumed_in_period
from okrbridge.application.slo_counts import SloCounts
from okrbridge.domain.alerting import COVERAGE_FLOOR
from okrbridge.domain.burn_rate import burn_rate, exceeds
from okrbridge.domain.calendar_budget import expected_consumption
from okrbridge.domain.count_budget import consumed_count, count_burn_rate
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.error_budget import are_honest, budget_ratio, consumed_ratio, coverage_ratio, remaining_ratio
from okrbridge.domain.key_results import KeyResult
from okrbridge.domain.ledger import WindowCounts
from okrbridge.domain.measures import IndicatorMeasure, SloMeasure
from okrbridge.domain.slo import Slo
from okrbridge.domain.windows import CalendarWindow, Grid, Interval

MOST_COUNTED = 500
"""SLOs whose windows are counted for one incident."""
LONGEST_COUNTED = timedelta(days=90)
"""Of an incident that lasts longer, its last so many days are counted."""

_UNKNOWN = WindowCounts(0.0, 0.0, timedelta(0), timedelta(0))


Why = Literal["service", "slo", "key_result", "burnt"]
"""What the incident names an SLO by; ``burnt`` when it names none, and all SLOs are looked at."""


def touched(definitions: DefinitionSet, incident: Incident) -> Mapping[str, Why]:
    """The SLOs that an incident names, by service, themselves, or by a key result; all of them when it names none."""
    named = dict(_named(definitions, incident))
    return named or dict.fromkeys(definitions.slo_by_name, "burnt")


def _named(definitions: DefinitionSet, incident: Incident) -> Iterator[tuple[str, Why]]:
    for name in incident.names("key_results"):
        key_result = definitions.key_result_by_id.get(name)
        slo = slo_of(key_result, definitions) if key_result else ""
        if slo:
            yield slo, "key_result"
    services = set(incident.services)
    yield from ((slo.name, "service") for slo in definitions.slos if slo.service in services)
    yield from ((name, "slo") for name in incident.names("slos") if name in definitions.slo_by_name)


def slo_of(key_result: KeyResult, definitions: DefinitionSet) -> str:
    """Name of the SLO that a key result's value comes from, itself or by its indicator; empty for none."""
    measure = key_result.measure
    if isinstance(measure, IndicatorMeasure):
        measure = next(one.measure for one in definitions.indicators if one.name == measure.indicator)
    return measure.slo if isinstance(measure, SloMeasure) else ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The SLOs that are counted for an incident.

    Attributes:
        slos: each with why.
        left_out: how many more are named, or contributed, than are counted.
        is_clear: whether all others were measured well enough to say that they did not contribute.
    """

    slos: Sequence[tuple[Slo, Why]]
    left_out: int
    is_clear: bool


def choose(counts: SloCounts, slos: Sequence[tuple[Slo, Why]], interval: Interval) -> Chosen:
    """The SLOs that are named, or those of all that contributed; the ones that burnt fastest when there are many.

    Only the incident's own time is read for all of them; whole windows are read for those that are chosen.
    """
    is_named = all(why != "burnt" for _, why in slos)
    if is_named and len(slos) <= MOST_COUNTED:
        return Chosen(slos, 0, is_clear=True)
    if interval.start >= interval.end:
        return Chosen(slos[:MOST_COUNTED] if is_named else (), 0, is_clear=False)
    rates, is_clear = _burn_rates(counts, [slo for slo, _ in slos], interval)
    places = sorted(
        (place for place, rate in rates.items() if is_named or exceeds(rate, 1.0)), key=lambda place: -rates[place]
    )
    kept = [slos[place] for place in places[:MOST_COUNTED]]
    return Chosen(kept, len(places) - len(kept), is_clear)


def _burn_rates(counts: SloCounts, slos: Sequence[Slo], interval: Interval) -> tuple[Mapping[int, float], bool]:
    """How fast each burnt in an interval, by its place, 0 where that is unknown; and whether enough is known of all."""
    rates: dict[int, float] = {}
    is_clear = True
    for each in counts.put_together([(slo, None) for slo in slos]):
        for rows, sums in zip(each.rows, counts.sums(each.batch, [interval]), strict=True):
            known = sums.known
            is_enough = coverage_ratio(known.measured, known.in_force) >= COVERAGE_FLOOR
            is_clear &= bool((is_enough & are_honest(known.good, known.total)).all())
            columns = zip(rows.tolist(), known.good[:, 0].tolist(), known.total[:, 0].tolist(), strict=True)
            seconds = interval.length.total_seconds()
            rates |= {place: speed(slos[place], total - good, total, seconds) for place, good, total in columns}
    return rates, is_clear


def speed(slo: Slo, bad: float, total: float, seconds: float) -> float:
    """The burn rate of some time, in multiples of the even pace: that of the SLO's kind of budget.

    Worked example: 20 bad of 1000 at 0.999 burn at 20, and 1 of 2000 at 0.5: the target allows that all the time.
    """
    if slo.count_budget is not None:
        return count_burn_rate(bad, slo.count_budget, slo.window.length.total_seconds(), seconds)
    return burn_rate(bad, total, slo.target_ratio)


@dataclass(frozen=True, slots=True)
class Spent:
    """What an incident spent of one SLO's budget.

    Attributes:
        counts: of the incident.
        inside: of its part inside the SLO's window: an incident may last longer than the window.
        window: the SLO's own, ending with the incident; of a calendar window the period to date.
        own: counts of that window.
    """

    slo: Slo
    why: Why
    counts: WindowCounts
    inside: WindowCounts
    window: Interval
    own: WindowCounts

    @property
    def is_known(self) -> bool:
        """Whether anything of the incident was measured, and the counts can be."""
        return self.counts.coverage_ratio > 0 and self.counts.consistent

    @property
    def burn_rate(self) -> float | None:
        """How fast the incident burnt the budget, in multiples of the even pace; None when it was not measured."""
        counts = self.counts
        return speed(self.slo, counts.bad, counts.total, counts.in_force.total_seconds()) if self.is_known else None

    @property
    def contributed(self) -> bool | None:
        """Whether the budget burnt faster than the even pace; what the target allows all the time is no cause.

        None when it did not, and too little was measured to say so of the whole incident.
        """
        if self.burn_rate is not None and exceeds(self.burn_rate, 1.0):
            return True
        return False if self.is_known and self.counts.coverage_ratio >= COVERAGE_FLOOR else None

    @property
    def spent_ratio(self) -> float | None:
        """Share of the budget of the SLO's window that the incident spent; None when it was not measured."""
        return budget_share(self.slo, self.inside.bad, self.own, self.window) if self.is_known else None

    @property
    def consumed_ratio(self) -> float | None:
        """Share of the same budget that everything in the window had spent when the incident ended."""
        return budget_share(self.slo, self.own.bad, self.own, self.window) if self.is_known else None


def budget_share(slo: Slo, bad: float, own: WindowCounts, window: Interval) -> float:
    """Share of an SLO's budget that some bad events of its window spend; shares of different events add up.

    The formulas are those of the budget itself, with these bad events alone: ``bad / ((1 - target) x total)`` of a
    rolling window, that of the whole period for a calendar window, ``bad / N`` of a number of failures.

    Worked example: 20 minutes of 1000 requests that all fail, in 30 days of as many at 0.999: 20 000 of the
    0.001 x 43 200 000 = 43 200 that may fail, a share of 0.463.
    """
    if slo.count_budget is not None:
        return consumed_count(bad, slo.count_budget)
    if isinstance(slo.window, CalendarWindow):
        return consumed_in_period(slo, own.total - bad, own.total, own.in_force.total_seconds(), window.end)
    return consumed_ratio(bad, own.total, slo.target_ratio)


def count_spent(counts: SloCounts, grid: Grid, slos: Sequence[tuple[Slo, Why]], interval: Interval) -> list[Spent]:
    """What the ledger holds of an incident's time for some SLOs, all read together; in the order given.

    Args:
        counts: sums up the windows of SLOs.
        grid: of the ledger.
        slos: each with why it is counted.
        interval: of the incident, with ends on the grid; when it holds no time, nothing is known.
    """
    windows = [grid.covering(slo.window.at(interval.end)) for slo, _ in slos]
    if interval.start >= interval.end:
        pairs = zip(slos, windows, strict=True)
        return [Spent(slo, why, _UNKNOWN, _UNKNOWN, own, _UNKNOWN) for (slo, why), own in pairs]
    found: dict[int, Spent] = {}
    for each in counts.put_together([(slo, own) for (slo, _), own in zip(slos, windows, strict=True)]):
        asked = [interval, interval.clipped(each.question), each.question]
        for rows, sums in zip(each.rows, counts.sums(each.batch, asked), strict=True):
            for row, place in enumerate(rows.tolist()):
                whole, inside, own = (sums.counts(row, column) for column in range(3))
                found[place] = Spent(slos[place][0], slos[place][1], whole, inside, each.question, own)
    return [found[place] for place in range(len(slos))]


def most_spent_first(spent: Iterable[Spent]) -> list[Spent]:
    """Those that spent most of their budgets first; what is not known comes last."""
    return sorted(spent, key=lambda one: (one.spent_ratio is None, -(one.spent_ratio or 0.0), one.slo.name))


def spent_item(spent: Spent) -> Item:
    """What an incident did to one SLO, in the form of ``GET /incidents/{incident}``."""
    slo, counts = spent.slo, spent.counts
    known, own = (counts, spent.own) if spent.is_known else (None, None)
    consumed = spent.consumed_ratio
    return {
        "slo": slo.name,
        "service": slo.service,
        "why": spent.why,
        "contributed": spent.contributed,
        "counted": "events" if slo.time_slices is None else "time_slices",
        "good": finite(known.good) if known else None,
        "bad": finite(known.bad) if known else None,
        "total": finite(known.total) if known else None,
        "measured_seconds": finite(counts.measured.total_seconds()),
        "in_force_seconds": finite(counts.in_force.total_seconds()),
        "coverage_ratio": finite(counts.coverage_ratio),
        "target_ratio": finite(slo.target_ratio),
        "window": str(slo.window),
        "window_start": rfc3339(spent.window.start),
        "window_end": rfc3339(spent.window.end),
        "window_bad": finite(own.bad) if own else None,
        "window_total": finite(own.total) if own else None,
        "window_coverage_ratio": finite(spent.own.coverage_ratio),
        "burn_rate": finite(spent.burn_rate),
        "budget_spent_ratio": finite(spent.spent_ratio),
        "budget_consumed_ratio": finite(consumed),
        "budget_remaining_ratio": None if consumed is None else finite(remaining_ratio(consumed)),
        "formula": _formula(spent) if spent.is_known else None,
    }


def _formula(spent: Spent) -> Item:
    """How the share was worked out, with the numbers put in."""
    slo, own, bad = spent.slo, spent.own, number(spent.inside.bad)
    allowed, total = number(budget_ratio(slo.target_ratio)), number(own.total)
    if slo.count_budget is not None:
        text, numbers = "bad / N, at most N bad events", f"{bad} / {number(slo.count_budget)}"
    elif not isinstance(slo.window, CalendarWindow):
        text, numbers = "bad / ((1 - target) x total of the window)", f"{bad} / ({allowed} x {total})"
    elif slo.time_slices is None:
        text = "elapsed share of the period x (bad / total of the period) / (1 - target)"
        period = slo.window.period(spent.window.end)
        elapsed = expected_consumption((spent.window.end - period.start).total_seconds(), period.length.total_seconds())
        numbers = f"{number(elapsed)} x ({bad} / {total}) / {allowed}"
    else:
        text = "bad slices / ((1 - target) x slices of the whole period)"
        excluded = spent.window.length - own.in_force
        slices = (slo.window.period(spent.window.end).length - excluded) / slo.time_slices.length
        numbers = f"{bad} / ({allowed} x {number(slices)})"
    return formula("budget_spent_ratio", text, numbers, spent.spent_ratio)
