"""Small definition sets for unit tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from okrbridge.domain.cycles import Cycle
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult, KeyResultKind, Operator
from okrbridge.domain.measures import Measure, PromqlMeasure, SloMeasure, SloQuantity
from okrbridge.domain.objectives import OkrObjective
from okrbridge.domain.sli import Sli
from okrbridge.domain.slo import Slo
from okrbridge.domain.units import RATIO, parse_unit
from okrbridge.domain.windows import Interval, RollingWindow

START = datetime(2026, 1, 1, tzinfo=UTC)
CYCLE = Cycle("2026-q1", Interval(START, START + timedelta(days=90)), "UTC", "weekly", START + timedelta(days=120))

API = Sli("api-requests", "prometheus", total='requests_total{service="api"}', bad='requests_total{code="500"}')


def slo(name: str = "api-availability", *, sli: Sli = API, target: float = 0.999, days: float = 30) -> Slo:
    """An SLO."""
    return Slo(name, "api", sli, target, RollingWindow(timedelta(days=days)))


def key_result(name: str, measure: Measure, **overrides: Any) -> KeyResult:
    """A key result of the objective ``reliable``, from 0.992 to 0.9995 unless told otherwise."""
    given: dict[str, Any] = {
        "title": name,
        "objective": "reliable",
        "kind": KeyResultKind.INCREASE,
        "unit": RATIO,
        "baseline": 0.992,
        "target": 0.9995,
        "period": CYCLE.interval,
    }
    return KeyResult(name=name, measure=measure, **(given | overrides))


def uptime() -> KeyResult:
    """API uptime over the cycle to date, from 99.2 % to 99.95 %."""
    return key_result("uptime", SloMeasure("api-availability"))


def p99() -> KeyResult:
    """p99 latency from 800 ms to 200 ms, measured in seconds."""
    measure = PromqlMeasure("p99", "prometheus", parse_unit("s"))
    return key_result("p99", measure, kind=KeyResultKind.DECREASE, unit=parse_unit("ms"), baseline=800.0, target=200.0)


def budget() -> KeyResult:
    """At most half of the cycle's error budget."""
    measure = SloMeasure("api-availability", SloQuantity.BUDGET)
    return key_result("budget", measure, kind=KeyResultKind.ERROR_BUDGET, baseline=None, target=0.5)


def threshold() -> KeyResult:
    """Latency under 0.3 s, at risk to 0.4 s."""
    return key_result(
        "under",
        PromqlMeasure("p95", "prometheus", parse_unit("s")),
        kind=KeyResultKind.THRESHOLD,
        unit=parse_unit("s"),
        baseline=None,
        target=0.3,
        critical=0.4,
        operator=Operator.LT,
    )


def definitions(*key_results: KeyResult, slos: tuple[Slo, ...] | None = None) -> DefinitionSet:
    """One cycle, one objective, the given key results and SLOs."""
    objective = OkrObjective("reliable", "Make it reliable", CYCLE.name, "backend", "maria", key_results)
    return DefinitionSet(
        slos=(slo(),) if slos is None else slos, cycles=(CYCLE,), objectives=(objective,) if key_results else ()
    )
