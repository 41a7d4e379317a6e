"""Documents for a fleet: an SLO for each service, and an objective whose key results follow some of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from benchmarks.scale.fleet import METRIC, service_name

_SERVICES_A_FILE = 1000
_SLO = """\
apiVersion: openslo/v1
kind: SLO
metadata: {{name: {name}}}
spec:
  service: {name}
  indicator:
    metadata: {{name: {name}}}
    spec:
      ratioMetric:
        counter: true
        bad: {{metricSource: {{type: Prometheus, spec: {{query: '{metric}{{service="{name}",code=~"5.."}}'}}}}}}
        total: {{metricSource: {{type: Prometheus, spec: {{query: '{metric}{{service="{name}"}}'}}}}}}
  timeWindow: [{{duration: {window}, isRolling: true}}]
  budgetingMethod: Occurrences
  objectives: [{{target: 0.999}}]
"""


_OBJECTIVE = """\
apiVersion: okrbridge.dev/v1
kind: Cycle
metadata: {{name: this-year}}
spec: {{start: {year}-01-01, end: {next_year}-01-01, timezone: UTC}}
---
apiVersion: okrbridge.dev/v1
kind: Objective
metadata: {{name: reliable-fleet}}
spec:
  title: Keep the fleet reliable
  cycle: this-year
  team: platform
  owner: maria
  keyResults:
"""
_KEY_RESULT = "    - {{name: {name}, from: 99%, to: 99.95%, measure: {{slo: {name}, over: 7d}}}}\n"
_KEY_RESULTS = 100


def write_definitions(folder: Path, services: int, window: str = "30d") -> Path:
    """One SLO a service, in files of a thousand, and a hundred key results; returns the folder."""
    year = datetime.now(UTC).year
    followed = "".join(_KEY_RESULT.format(name=service_name(number)) for number in range(min(services, _KEY_RESULTS)))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "objective.yaml").write_text(_OBJECTIVE.format(year=year, next_year=year + 1) + followed)
    for first in range(0, services, _SERVICES_A_FILE):
        numbers = range(first, min(first + _SERVICES_A_FILE, services))
        texts = (_SLO.format(name=service_name(number), metric=METRIC, window=window) for number in numbers)
        (folder / f"slos-{first:05d}.yaml").write_text("---\n".join(texts))
    return folder
