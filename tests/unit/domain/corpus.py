"""Real key results, K1 to K87, with their progress at chosen values, worked out by hand to four decimals.

``tests/data/okr/corpus.csv`` has one row for each. ``by_hand`` is the division behind one of its points; all points
of the row follow the same one. Baselines of relative ones and of bands stand for what was frozen.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.unit.domain.okr_examples import key_result

from okrbridge.domain.baselines import resolve_baseline
from okrbridge.domain.key_results import KeyResult, KeyResultKind, Operator
from okrbridge.domain.units import Unit, finer, parse_quantity

TABLE = Path(__file__).parents[2] / "data" / "okr" / "corpus.csv"


@dataclass(frozen=True)
class Row:
    """A key result of the corpus as declared, and its (value, raw progress) points."""

    id: str
    name: str
    kind: str
    direction: str
    baseline: str
    target: str
    change: str
    operator: str
    points: tuple[tuple[str, float], ...]

    @property
    def unit(self) -> Unit:
        """The finer unit of baseline and target."""
        units = [parse_quantity(text).unit for text in (self.baseline, self.target) if text]
        return finer(units[0], units[-1])

    @property
    def is_of_baseline(self) -> bool:
        """Whether its change is a share of the baseline; else it is a number in the row's unit."""
        return self.kind in ("relative", "band")

    def number(self, text: str) -> float:
        """A quantity in the row's unit."""
        return parse_quantity(text).to(self.unit)

    def declared(self, **changes: Any) -> KeyResult:
        """The key result before its baseline is frozen, as far as it needs freezing."""
        kind = KeyResultKind(self.kind)
        fields: dict[str, Any] = {
            "name": self.id,
            "kind": kind,
            "unit": self.unit,
            "baseline": None if self.change or not self.baseline else self.number(self.baseline),
            "target": self.number(self.target) if self.target else None,
            "relative_change": parse_quantity(self.change).value if self.change and self.is_of_baseline else None,
            "absolute_change": self.number(self.change) if self.change and not self.is_of_baseline else None,
            "operator": Operator(self.operator) if self.operator else None,
        }
        return key_result(**fields | changes)

    def resolved(self) -> KeyResult:
        """The key result with its baseline."""
        return resolve_baseline(self.declared(), self.number(self.baseline)) if self.change else self.declared()


def _row(cells: dict[str, str]) -> Row:
    pairs = [point.split("=") for point in cells["points"].split("; ") if point]
    points = tuple((value, float(raw)) for value, raw in pairs)
    return Row(**{name: cells[name] for name in Row.__annotations__ if name != "points"}, points=points)


def corpus() -> dict[str, Row]:
    """All rows by id."""
    with TABLE.open(encoding="utf-8", newline="") as table:
        return {row.id: row for row in map(_row, csv.DictReader(table))}


ROWS = corpus()
WORKED = [row for row in ROWS.values() if row.points]
"""Rows with points."""
WITH_NUMBERS = [row for row in ROWS.values() if row.kind]
"""Rows that say a number, and so are key results."""
FOUR_DECIMALS = 0.5e-4 + 1e-9  # the table is rounded to four
