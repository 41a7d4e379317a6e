"""The outside parts of an evaluation as fakes: a scripted source, a clock to set, storage in memory."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.fakes.definitions import START
from tests.fakes.scripted_source import ScriptedSource, SettableClock, steady
from tests.fakes.telemetry import RememberingTelemetry

from okrbridge.application.parts import Parts
from okrbridge.domain.ledger import Slices
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Grid, Interval
from okrbridge.storage.memory import MemoryStorage

GRID = Grid(timedelta(minutes=1))
MIDDLE = START + timedelta(days=45)


@dataclass
class Bench:
    """Fakes, and parts made of them."""

    source: ScriptedSource = field(default_factory=lambda: ScriptedSource(steady(9.0, 10.0)))

    def __post_init__(self) -> None:
        self.clock = SettableClock(MIDDLE + timedelta(seconds=10))
        self.telemetry = RememberingTelemetry()
        self.parts = Parts(MemoryStorage(GRID), {"prometheus": self.source}, GRID, self.clock, self.telemetry)

    def slices(self, sli: Sli, interval: Interval) -> Slices:
        """What the ledger holds."""
        with self.parts.storage.reading() as database:
            return database.ledger.slices(sli.key, interval)

    def total(self, sli: Sli, interval: Interval) -> float:
        """All events that the ledger holds."""
        return float(self.slices(sli, interval).total.sum())

    def asked(self) -> list[tuple[Interval, datetime | None]]:
        """What the source was asked to count since this was last called: interval and end of measured time."""
        asked = [(request.interval, request.measured_until) for request in self.source.asked]
        self.source.asked.clear()
        return asked
