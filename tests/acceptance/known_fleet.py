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


def documents(folder: Path, *, cycle_start: datetime, prometheus: str = "", slo_target: float = 0.99) -> Path:
    """One SLO over 30 days and an objective with four key results on it, as files of a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    start, end = f"{cycle_start:%Y-%m-%dT%H:%M:%SZ}", f"{cycle_start + timedelta(days=40):%Y-%m-%dT%H:%M:%SZ}"
    source = (
        f"""
apiVersion: openslo/v1
kind: DataSource
metadata: {{name: prometheus}}
spec: {{type: Prometheus, connectionDetails: {{url: "{prometheus}"}}}}
---"""
        if prometheus
        else ""
    )
    (folder / "definitions.yaml").write_text(f"""{source}
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
  timeWindow: [{{duration: 30d, isRolling: true}}]
  budgetingMethod: Occurrences
  objectives: [{{target: {slo_target}}}]
---
apiVersion: okrbridge.dev/v1
kind: Cycle
metadata: {{name: now}}
spec: {{start: "{start}", end: "{end}"}}
---
apiVersion: okrbridge.dev/v1
kind: Objective
metadata: {{name: reliable}}
spec:
  title: A shop that can be relied on
  cycle: now
  owner: maria
  keyResults:
    - {{name: uptime, title: Uptime, from: 99%, to: 99.8%, measure: {{slo: shop-availability}}}}
    - {{name: budget, title: Budget, kind: errorBudget, allowance: 50%, measure: {{slo: shop-availability}}}}
    - {{name: traffic, title: Traffic, from: 50, to: 150, measure: {{promql: 'sum(requests_total) * 0 + 100'}}}}
    - {{name: today, title: Today, operator: ge, to: 98.5%, measure: {{slo: shop-availability, over: 1d}}}}
""")
    return folder


def floor_minute(at: datetime) -> datetime:
    """The minute an instant lies in."""
    return at.replace(second=0, microsecond=0)


def now() -> datetime:
    """The current minute."""
    return floor_minute(datetime.now(UTC))
