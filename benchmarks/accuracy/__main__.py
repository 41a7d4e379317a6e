"""``python -m benchmarks.accuracy``: what okrbridge counts, beside the truth and beside other engines."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.accuracy import peers
from benchmarks.accuracy.days import DAYS
from benchmarks.accuracy.months import MONTHS
from benchmarks.accuracy.results import GOALS, Row, figures, markdown, print_table
from benchmarks.accuracy.runs import measured, measured_pushed_down, servers
from benchmarks.accuracy.scenarios import Scenario
from benchmarks.reporting import exit_code, report


def main() -> int:
    """Measure and report; 1 when a goal is missed."""
    makers = DAYS | MONTHS
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown, too")
    parser.add_argument("--only", nargs="+", choices=[*makers], metavar="SCENARIO", help=", ".join(makers))
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep all files there, databases included")
    given = parser.parse_args()
    _told("simulating services")
    scenarios = [makers[name](name) for name in given.only or makers]
    with tempfile.TemporaryDirectory(prefix="okrbridge-accuracy-") as name:
        rows = _rows(given.keep or Path(name), scenarios)
    print_table(rows)
    if given.markdown:
        print(markdown(rows))  # noqa: T201 - a benchmark prints
    return report("accuracy", f"okrbridge in {len(rows)} scenarios", figures(rows), GOALS)


def _rows(folder: Path, scenarios: Sequence[Scenario]) -> list[Row]:
    folder.mkdir(parents=True, exist_ok=True)
    with servers(folder, scenarios, _told) as running:
        found = measured(running, scenarios, _told)
        pushed_down = measured_pushed_down(running, scenarios, _told)
        _told("other engines")
        return [
            Row(one, found[one.name], pushed_down.get(one.name), peers.answers(running.url(one), one))
            for one in scenarios
        ]


def _told(what: str) -> None:
    Console(stderr=True).print(f"{time.strftime('%H:%M:%S')} {what}", highlight=False)


if __name__ == "__main__":
    sys.exit(exit_code(main))
