from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from tests.fakes.definitions import START
from tests.fakes.scripted_source import Script, ScriptedSource, SettableClock, steady
from tests.fakes.telemetry import RememberingTelemetry

from okrbridge.application.evaluate import Evaluator
from okrbridge.application.parts import Parts
from okrbridge.application.snapshot import SnapshotHolder
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.windows import Grid
from okrbridge.storage.memory import MemoryStorage

GRID = Grid(timedelta(minutes=1))


@dataclass
class Engine:
    """An evaluator over fakes."""

    evaluator: Evaluator
    source: ScriptedSource
    clock: SettableClock
    telemetry: RememberingTelemetry
    parts: Parts

    def at(self, when: datetime) -> datetime:
        """Set the clock so that ``when`` is the newest boundary."""
        self.clock.now = when + timedelta(seconds=10)
        return when


@pytest.fixture
def engine() -> Callable[..., Engine]:
    def make(definitions: DefinitionSet, script: Script | None = None, start: datetime = START) -> Engine:
        source = ScriptedSource(script or steady(9.0, 10.0))
        clock = SettableClock(start + timedelta(seconds=10))
        telemetry = RememberingTelemetry()
        parts = Parts(MemoryStorage(GRID), {"prometheus": source}, GRID, clock, telemetry)
        return Engine(Evaluator(parts, definitions, SnapshotHolder()), source, clock, telemetry, parts)

    return make
