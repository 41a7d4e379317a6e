"""Faultless documents to break, and short ways to load them."""

import pytest

from okrbridge import __version__
from okrbridge.definitions.loader import Loaded, load_text
from okrbridge.errors import DefinitionError

RELEASE = "okrbridge " + ".".join(__version__.split(".")[:2])
"""What messages call this release: a later one can do more."""

SLO = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: api-availability}
spec:
  service: api
  indicator:
    metadata: {name: api-requests}
    spec:
      ratioMetric:
        counter: true
        bad: {metricSource: {metricSourceRef: prometheus, spec: {query: 'http_requests_total{code=~"5.."}'}}}
        total: {metricSource: {type: Prometheus, spec: {query: http_requests_total}}}
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.999}]
"""
CYCLE = """\
apiVersion: okrbridge.dev/v1
kind: Cycle
metadata: {name: 2026-q4}
spec:
  start: 2026-10-01
  end: 2027-01-01
  timezone: Europe/Berlin
"""
OBJECTIVE = """\
apiVersion: okrbridge.dev/v1
kind: Objective
metadata: {name: rock-solid-api}
spec:
  cycle: 2026-q4
  owner: maria
  keyResults:
    - name: uptime
      from: 99.2%
      to: 99.95%
      measure: {slo: api-availability}
"""
EVERYTHING = f"{SLO}---\n{CYCLE}---\n{OBJECTIVE}"
KEY_RESULT_LINE = len(f"{SLO}---\n{CYCLE}---\n".splitlines()) + 8
"""The line in which the key result of ``EVERYTHING`` begins; its lines are name, from, to, measure."""


def changed(text: str, old: str, new: str) -> str:
    """A text with one passage replaced; the passage must be there once."""
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
    return text.replace(old, new)


def with_key_result(*lines: str) -> str:
    """Faultless documents around one key result, written by its lines; they begin at ``KEY_RESULT_LINE``."""
    head = EVERYTHING[: EVERYTHING.index("    - name: uptime")]
    return head + "".join(f"{'    - ' if not index else '      '}{line}\n" for index, line in enumerate(lines))


def faults_of(text: str, name: str = "a.yaml") -> list[str]:
    """The faults of a text, as printed."""
    with pytest.raises(DefinitionError) as raised:
        load_text(text, name)
    return [str(fault) for fault in raised.value.faults]


def codes_of(text: str) -> list[str]:
    """The short names of a text's faults."""
    with pytest.raises(DefinitionError) as raised:
        load_text(text, "a.yaml")
    return [fault.code for fault in raised.value.faults]


def loaded(text: str) -> Loaded:
    """What a faultless text declares."""
    return load_text(text, "a.yaml")
