"""An evaluator over fakes whose events, check-ins and values a test sets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.fakes.definitions import CYCLE, START
from tests.fakes.scripted_source import ScriptedSource, SettableClock, steady
from tests.fakes.telemetry import RememberingTelemetry

from okrbridge.application.evaluate import Evaluator
from okrbridge.application.okr_records import CheckIn, Event
from okrbridge.application.parts import Parts
from okrbridge.application.ports import Reading, ValueRequest
from okrbridge.application.snapshot import KeyResultReport, Snapshot, SnapshotHolder
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult
from okrbridge.domain.objectives import OkrObjective
from okrbridge.domain.windows import Grid
from okrbridge.storage.memory import MemoryStorage

GRID = Grid(timedelta(minutes=1))


@dataclass
class Values:
    """A source of values: answers a query from ``answer``."""

    answer: Callable[[ValueRequest], Reading]
    name: str = "billing"
    asked: list[ValueRequest] = field(default_factory=list)

    def values(self, requests: Sequence[ValueRequest]) -> list[Reading]:
        self.asked += requests
        return [self.answer(request) for request in requests]

    def close(self) -> None:
        """There is nothing to let go of."""


@dataclass
class World:
    """Fakes, and an evaluator over them that is made when it is first needed."""

    definitions: DefinitionSet
    source: ScriptedSource = field(default_factory=lambda: ScriptedSource(steady(9.0, 10.0)))
    values: Values | None = None

    def __post_init__(self) -> None:
        self.clock = SettableClock(START)
        self.storage = MemoryStorage(GRID)
        others = {self.values.name: self.values} if self.values else {}
        self.parts = Parts(
            self.storage, {"prometheus": self.source}, GRID, self.clock, RememberingTelemetry(), value_sources=others
        )
        self.evaluator = Evaluator(self.parts, self.definitions, SnapshotHolder())

    def tick(self, at: datetime) -> Snapshot:
        """Evaluate a boundary."""
        self.clock.now = at + timedelta(seconds=10)
        return self.evaluator.tick(at)

    def filled(self, at: datetime) -> Snapshot:
        """Evaluate a boundary and fill all history before it."""
        self.tick(at)
        self.evaluator.fill_history(at, lambda: True)
        assert self.evaluator.snapshots.current is not None
        return self.evaluator.snapshots.current

    def report(self, at: datetime, name: str = "one") -> KeyResultReport:
        """A key result of the objective ``reliable`` at a boundary."""
        return self.tick(at).key_result_by_id[f"reliable/{name}"]

    def happen(self, *events: Event) -> None:
        """Send events in."""
        with self.storage.transaction() as transaction:
            transaction.events.save(events)

    def say(self, name: str, at: datetime, **said: Any) -> None:
        """Make a check-in."""
        given = {"by": "maria", "confidence": None} | said
        with self.storage.transaction() as transaction:
            transaction.check_ins.add(CheckIn(f"{name}-{at.isoformat()}", f"reliable/{name}", at, **given))


def event(kind: str, start: datetime, number: int = 0, **other: Any) -> Event:
    """Something that happened."""
    return Event(source="test", external_id=f"{kind}-{number}", kind=kind, start=start, received_at=start, **other)


def world(*key_results: KeyResult, values: Values | None = None, **declared: Any) -> World:
    """One cycle, one objective ``reliable`` with the key results, and whatever else is declared."""
    objective = OkrObjective("reliable", "Make it reliable", CYCLE.name, "backend", "maria", key_results)
    given: dict[str, Any] = {"cycles": (CYCLE,), "objectives": (objective,)} | declared
    return World(DefinitionSet(**given), values=values)
