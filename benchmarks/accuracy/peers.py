"""What other engines would answer: their formulas, from their public documentation, put to the same server.

- **Sloth** records ``sum(rate(bad[5m])) / sum(rate(total[5m]))`` at each rule evaluation and takes the plain mean of
  them over the window, ``sum_over_time(ratio_rate5m[w]) / count_over_time(ratio_rate5m[w])``. It keeps no counts; those
  given here are what the two rates imply, each times the time between evaluations.
- **Pyrra** records ``sum(increase(x[w]))``; in its performance mode (`performanceOverAccuracy`) it records
  ``sum(increase(x[5m]))`` and takes ``sum_over_time(increase5m[w:5m])``.
- **slo-generator** asks ``sum(increase(good[w]))`` and ``sum(increase(bad[w]))`` one after the other, each as of now.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import requests

from benchmarks.accuracy.samples import METRIC
from benchmarks.accuracy.scenarios import DAY, Scenario

_POINTS = 10_000
"""Points of one range query; Prometheus gives 11,000."""
_BETWEEN_QUESTIONS = 0.05
"""Seconds between two questions of slo-generator."""
_RULES_STAND_BESIDE = 7
"""Seconds between the full minute and evaluations of rules: Prometheus spreads them."""
_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine says of a window; NaN where it says nothing that can be used."""

    bad: float
    total: float
    budget_consumed: float


def answers(url: str, scenario: Scenario) -> dict[str, Answer]:
    """The answers of all other engines, by name."""
    engines: dict[str, Callable[[str, Scenario], Answer]] = {
        "Sloth": sloth,
        "Pyrra": pyrra,
        "Pyrra, performance mode": pyrra_in_performance_mode,
        "slo-generator": slo_generator,
    }
    return {name: engine(url, scenario) for name, engine in engines.items()}


def sloth(url: str, scenario: Scenario) -> Answer:
    """Rules evaluated every 30 s, over a month every minute."""
    step = 30 if scenario.days == 1 else 60
    bad = _range(url, f"sum(rate({_bad(scenario)}[5m]))", scenario, step)
    total = _range(url, f"sum(rate({_total(scenario)}[5m]))", scenario, step)
    # 0/0 is NaN and stays in the mean; a rule without a result records nothing.
    with np.errstate(invalid="ignore"):
        ratios = [bad[at] / total[at] for at in bad if at in total]
    mean = float(np.mean(ratios)) if ratios else math.nan
    counts = [float(sum(values.values())) * step for values in (bad, total)]
    return Answer(counts[0], counts[1], mean / (1 - scenario.target_ratio))


def pyrra(url: str, scenario: Scenario) -> Answer:
    """The increase over the window as the rules record it."""
    window = f"[{scenario.days}d]"
    bad = _instant(url, f"sum(increase({_bad(scenario)}{window}))", scenario)
    total = _instant(url, f"sum(increase({_total(scenario)}{window}))", scenario)
    return _from_counts(bad, total, scenario)


def pyrra_in_performance_mode(url: str, scenario: Scenario) -> Answer:
    """The sum of five-minute increases; on the full minute both ends of the window would count, so beside it."""
    bad, total = (
        _instant(
            url,
            f"sum(sum_over_time(sum by (code) (increase({selector}[5m]))[{scenario.days}d:5m]))",
            scenario,
            later=_RULES_STAND_BESIDE,
        )
        for selector in (_bad(scenario), _total(scenario))
    )
    return _from_counts(bad, total, scenario)


def slo_generator(url: str, scenario: Scenario) -> Answer:
    """Good and bad at two instants."""
    window = f"[{scenario.days * DAY}s]"
    good = _instant(url, f"sum(increase({_good(scenario)}{window}))", scenario)
    bad = _instant(url, f"sum(increase({_bad(scenario)}{window}))", scenario, later=_BETWEEN_QUESTIONS)
    return _from_counts(bad, good + bad, scenario)


def _from_counts(bad: float, total: float, scenario: Scenario) -> Answer:
    return Answer(bad, total, bad / ((1 - scenario.target_ratio) * total) if total else math.nan)


def _total(scenario: Scenario) -> str:
    return f'{METRIC}{{job="{scenario.name}"}}'


def _bad(scenario: Scenario) -> str:
    return f'{METRIC}{{job="{scenario.name}",code=~"5.."}}'


def _good(scenario: Scenario) -> str:
    return f'{METRIC}{{job="{scenario.name}",code!~"5.."}}'


def _instant(url: str, query: str, scenario: Scenario, later: float = 0.0) -> float:
    asked = {"query": query, "time": f"{scenario.window.end + later:.3f}"}
    rows = _asked(f"{url}/api/v1/query", asked)
    return float(rows[0]["value"][1]) if rows else 0.0


def _range(url: str, query: str, scenario: Scenario, step: int) -> dict[float, np.float64]:
    """Values by instant of a rule's evaluations."""
    found: dict[float, np.float64] = {}
    instants = _evaluations(scenario, step)
    for first in range(0, len(instants), _POINTS):
        part = instants[first : first + _POINTS]
        asked = {"query": query, "start": f"{part[0]}", "end": f"{part[-1]}", "step": f"{step}"}
        for row in _asked(f"{url}/api/v1/query_range", asked):
            found |= {float(point[0]): np.float64(point[1]) for point in row["values"]}
    return found


def _evaluations(scenario: Scenario, step: int) -> npt.NDArray[np.int64]:
    start, end = int(scenario.window.start), int(scenario.window.end)
    return np.arange(start + _RULES_STAND_BESIDE, end + 1, step)


def _asked(url: str, form: dict[str, str]) -> list[dict[str, Any]]:
    answer = requests.post(url, data=form, timeout=_SECONDS)
    answer.raise_for_status()
    rows: list[dict[str, Any]] = answer.json()["data"]["result"]
    return rows
