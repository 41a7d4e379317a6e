"""A counter whose every event is known, as samples of one Prometheus series and as documents for okrbridge."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

MINUTE = 60


def epoch(at: datetime) -> float:
    """Seconds since 1970."""
    return at.timestamp()


def steps(start: datetime, minutes: int, each: float, *, first: float = 0.0) -> list[tuple[float, float]]:
    """Samples of a counter that grows by ``each`` every minute."""
    begin = epoch(start)
    return [(begin + index * MINUTE, first + index * each) for index in range(minutes + 1)]


THIRTY_DAYS = "[{duration: 30d, isRolling: true}]"


def slo_document(
    folder: Path, *, window: str = THIRTY_DAYS, prometheus: str = "", slo_target: float = 0.99, more: str = ""
) -> Path:
    """One SLO, and further documents, as a file of a folder.

    Args:
        window: YAML of its ``timeWindow``.
        prometheus: address of its source; the default source when it is empty.
        more: YAML documents, each after ``---``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source = f"""
apiVersion: openslo/v1
kind: DataSource
metadata: {{name: prometheus}}
spec: {{type: Prometheus, connectionDetails: {{url: "{prometheus}"}}}}
---"""
    (folder / "definitions.yaml").write_text(f"""{source if prometheus else ""}
apiVersion: openslo/v1
kind: SLO
metadata: {{name: shop-availability}}
spec:
  service: shop
  indicator:
    metadata: {{name: shop-requests}}
    spec:
      ratioMetric:
        counter: true
        bad: {{metricSource: {{metricSourceRef: prometheus, spec: {{query: 'requests_total{{code="500"}}'}}}}}}
        total: {{metricSource: {{metricSourceRef: prometheus, spec: {{query: 'requests_total'}}}}}}
  timeWindow: {window}
  budgetingMethod: Occurrences
  objectives: [{{target: {slo_target}}}]
{more}""")
    return folder


def documents(
    folder: Path, *, cycle_start: datetime, window: str = THIRTY_DAYS, prometheus: str = "", slo_target: float = 0.99
) -> Path:
    """One SLO, over 30 days unless told otherwise, and an objective with four key results on it, in a folder."""
    objective = """---
apiVersion: okrbridge.dev/v1
kind: Objective
metadata: {name: reliable}
spec:
  title: A shop that can be relied on
  cycle: now
  owner: maria
  keyResults:
    - {name: uptime, title: Uptime, from: 99%, to: 99.8%, measure: {slo: shop-availability}}
    - {name: budget, title: Budget, kind: errorBudget, allowance: 50%, measure: {slo: shop-availability}}
    - {name: traffic, title: Traffic, from: 50, to: 150, measure: {promql: 'sum(requests_total) * 0 + 100'}}
    - {name: today, title: Today, operator: ge, to: 98.5%, measure: {slo: shop-availability, over: 1d}}
"""
    more = cycle_document(cycle_start) + objective
    return slo_document(folder, window=window, prometheus=prometheus, slo_target=slo_target, more=more)


def cycle_document(start: datetime) -> str:
    """A cycle of 40 days with the name ``now``."""
    first, last = f"{start:%Y-%m-%dT%H:%M:%SZ}", f"{start + timedelta(days=40):%Y-%m-%dT%H:%M:%SZ}"
    return f"""---
apiVersion: okrbridge.dev/v1
kind: Cycle
metadata: {{name: now}}
spec: {{start: "{first}", end: "{last}"}}
"""


def floor_minute(at: datetime) -> datetime:
    """The minute an instant lies in."""
    return at.replace(second=0, microsecond=0)


def now() -> datetime:
    """The current minute."""
    return floor_minute(datetime.now(UTC))
