"""``python -m benchmarks.forecast``: whether forecasts keep what they promise, on simulated key results."""

from __future__ import annotations

import argparse
import statistics
import sys

from rich.console import Console

from benchmarks.forecast.conditions import THRESHOLD_GOALS, error_over_today, held, promises
from benchmarks.forecast.scores import GOALS, figures, judged, print_table, reliability, spans
from benchmarks.forecast.series import simulated
from benchmarks.reporting import report

SEED = 40_000
"""No constant of the forecast was chosen on the series of this seed or of the ones after it."""


def main() -> int:
    """Measure and report; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=1000, help="how many series in one run (1000)")
    parser.add_argument("--seed", type=int, default=SEED, help="of the run that is judged (%(default)s)")
    parser.add_argument(
        "--more", type=int, default=10, help="how many seeds after it are shown beside it (%(default)s)"
    )
    given = parser.parse_args()
    Console(stderr=True).print(f"{given.more + 1} x {given.series} series", highlight=False)
    found = [judged(series) for series in simulated(given.series, given.seed)]
    thresholds = held([one.series for one in found])
    others = [
        figures([judged(series) for series in simulated(given.series, given.seed + step)])
        for step in range(1, given.more + 1)
    ]
    print_table(found)
    more = {f"{name}, {given.more} other seeds": span for name, span in spans(others).items()} if others else {}
    more["P(hit) promised -> reached (series), goal 1.0"] = reliability(found, 1.0)
    more["P(hit) promised -> reached (series), goal 0.3"] = reliability(found, 0.3)
    more["median milliseconds for a forecast"] = f"{1000 * statistics.median(one.seconds for one in found):.2f}"
    more["what must hold: P(hit) promised -> held (series)"] = promises(thresholds)
    reached = {**figures(found), "threshold_error_over_today": error_over_today(thresholds)}
    return report("forecast", "Forecasts of key results", reached, {**GOALS, **THRESHOLD_GOALS}, more=more)


if __name__ == "__main__":
    sys.exit(main())
