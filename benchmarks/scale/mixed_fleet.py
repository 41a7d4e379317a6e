"""A fleet whose SLOs count in different ways: a quarter each of occurrences, both kinds of time slices, composites."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.scale.fleet import METRIC, service_name
from benchmarks.scale.monitored_fleet import MonitoredFleet
from benchmarks.scale.ticks import first_and_steady, service_with

_SLOS_A_FILE = 1000
_INDICATOR = (
    "{{metadata: {{name: {name}}}, spec: {{ratioMetric: {{counter: true, "
    'bad: {{metricSource: {{type: Prometheus, spec: {{query: \'{metric}{{service="{service}",code=~"5.."}}\'}}}}}}, '
    "total: {{metricSource: {{type: Prometheus, spec: {{query: '{metric}{{service=\"{service}\"}}'}}}}}}}}}}}}"
)
_SLO = """\
apiVersion: openslo/v1
kind: SLO
metadata: {{name: {name}{annotations}}}
spec:
  service: {name}
  timeWindow: [{{duration: 30d, isRolling: true}}]
  budgetingMethod: {method}
  {rest}
"""
_SIMPLE = (
    ("Occurrences", ""),
    ("Timeslices", ", timeSliceWindow: 5m, timeSliceTarget: 0.99"),
    ("RatioTimeslices", ", timeSliceWindow: 5m"),
)
_ALL_MEMBERS = ", annotations: {okrbridge.dev/composite: all}"


def measure_mixed_fleet(fleet: MonitoredFleet, folder: Path, history: Path) -> tuple[float, float]:
    """Seconds of the first tick on thirty days of history, and of a later one (the median of ten).

    Args:
        history: the database of a fleet of SLOs on the same counters; it is copied.
    """
    database = folder / "mixed.db"
    shutil.copy(history, database)
    config = _write_definitions(folder / "config-mixed", fleet.services)
    with service_with(fleet, config, database) as service:
        return first_and_steady(service)


def _write_definitions(folder: Path, slos: int) -> Path:
    folder.mkdir(parents=True)
    for first in range(0, slos, _SLOS_A_FILE):
        texts = (_document(number, slos) for number in range(first, min(first + _SLOS_A_FILE, slos)))
        (folder / f"slos-{first:05d}.yaml").write_text("---\n".join(texts))
    return folder


def _document(number: int, slos: int) -> str:
    name, kind = service_name(number), number % (len(_SIMPLE) + 1)
    if kind == len(_SIMPLE):
        other = service_name((number + 1) % slos)
        members = (f"{{indicator: {_indicator(f'{name}-{one}', one)}, target: 0.99}}" for one in (name, other))
        rest = f"objectives: [{', '.join(members)}]"
        return _SLO.format(name=name, annotations=_ALL_MEMBERS, method="Occurrences", rest=rest)
    method, slices = _SIMPLE[kind]
    rest = f"indicator: {_indicator(name, name)}\n  objectives: [{{target: 0.999{slices}}}]"
    return _SLO.format(name=name, annotations="", method=method, rest=rest)


def _indicator(name: str, service: str) -> str:
    return _INDICATOR.format(name=name, metric=METRIC, service=service)
