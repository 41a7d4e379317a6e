"""Two quarters of one objective in a storage in memory, for tests of the life of a cycle."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from tests.unit.api.snapshots import LATENCY, slo_reports

from okrbridge.application.access_ports import Caller, Role
from okrbridge.application.cycles.closing import Closing, Judgement
from okrbridge.application.cycles.report import Reporting
from okrbridge.application.cycles.view import CycleView, cycle_view
from okrbridge.application.okr_records import CheckIn, JsonValue, ScoreRecord
from okrbridge.application.records import Measurement, ProgressRecord, Quality
from okrbridge.application.reports import Item
from okrbridge.application.snapshot import CycleReport, KeyResultReport, ObjectiveReport, Snapshot
from okrbridge.domain.cycles import Cycle
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult, KeyResultKind
from okrbridge.domain.measures import PromqlMeasure
from okrbridge.domain.objectives import OkrObjective
from okrbridge.domain.pacing import KeyResultStatus, SteadyStatus, expected_ratio
from okrbridge.domain.progress import progress_of
from okrbridge.domain.units import RATIO
from okrbridge.domain.windows import Grid, Interval
from okrbridge.storage.memory import MemoryStorage

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
DAY = timedelta(days=1)
EDITOR = Caller("maria", Role.EDITOR, sees_restricted=True)
Q1 = Cycle("2026-q1", Interval(START, END), "UTC", "weekly", measure_until=datetime(2026, 6, 1, tzinfo=UTC))
Q2 = Cycle(
    "2026-q2",
    Interval(END, datetime(2026, 7, 1, tzinfo=UTC)),
    "UTC",
    "weekly",
    measure_until=datetime(2026, 7, 1, tzinfo=UTC),
)
IDEA = KeyResult(
    name="prefetch",
    title="Prefetching helps",
    objective="fast-search",
    kind=KeyResultKind.HYPOTHESIS,
    measure=PromqlMeasure("prefetch_gain", "prometheus", RATIO),
    unit=RATIO,
    target=0.05,
    period=Q1.interval,
)


def objective(*key_results: KeyResult, **changes: Any) -> OkrObjective:
    """The one objective."""
    made = OkrObjective("fast-search", "Make search fast", Q1.name, "search", "li", key_results)
    return dataclasses.replace(made, **changes)


@dataclass
class Story:
    """What is declared, and what was measured; ``at`` is now."""

    key_results: Sequence[KeyResult] = (LATENCY,)
    more: dict[str, Any] = field(default_factory=dict)
    at: datetime = END
    storage: MemoryStorage = field(default_factory=lambda: MemoryStorage(Grid(timedelta(minutes=1))))

    @property
    def definitions(self) -> DefinitionSet:
        """One objective of the first of two quarters."""
        declared = {"cycles": (Q1, Q2), "objectives": (objective(*self.key_results),), **self.more}
        return DefinitionSet(**declared)

    def measured(
        self,
        key_result: KeyResult,
        at: datetime,
        value: float,
        status: KeyResultStatus = KeyResultStatus.ON_TRACK,
        quality: Quality = Quality.OK,
        *,
        details: Mapping[str, JsonValue] = MappingProxyType({}),
    ) -> None:
        """A measurement, and the progress it makes."""
        window = Interval(key_result.period.start, at)
        known = value if quality in (Quality.OK, Quality.PARTIAL) else None
        measurement = Measurement(
            key_result.id, at, window, known, quality, 1000.0, 1.0, query="p99_seconds", evaluation_id=f"e-{at:%m%d}",
            details=dict(details),
        )  # fmt: skip
        with self.storage.transaction() as transaction:
            transaction.progress.save([measurement], [record_of(key_result, at, value, status, quality)])

    def close(self, at: datetime | None = None, said: Mapping[str, Judgement] | None = None) -> list[ScoreRecord]:
        """Close the first quarter; key results about which nothing is said, by name, get a sentence."""
        silent = Judgement("It went as it went.")
        judgements = {one.id: (said or {}).get(one.name, silent) for one in self.key_results}
        with self.storage.transaction() as transaction:
            closing = Closing(transaction, self.definitions, Q1, at or self.at)
            return closing.close(judgements, EDITOR, early=closing.is_early)

    def scores(self) -> list[ScoreRecord]:
        """What is kept."""
        with self.storage.reading() as database:
            return database.scores.all()

    def said(self, key_result: KeyResult, at: datetime, **what: Any) -> None:
        """A check-in."""
        given = {"confidence": None, **what}
        check_in = CheckIn(f"c-{at:%m%d%H}-{key_result.name}", key_result.id, at, "li", **given)
        with self.storage.transaction() as transaction:
            transaction.check_ins.add(check_in)

    def snapshot(self) -> Snapshot:
        """The last evaluation: the newest stored record of each key result."""
        with self.storage.reading() as database:
            ids = [one.id for one in self.key_results]
            records, good = database.progress.latest(ids, self.at), database.progress.latest_good(ids, self.at)
        found = self.definitions.objectives[0]
        reports = tuple(self._report(one, records.get(one.id), good.get(one.id)) for one in found.key_results)
        above = ObjectiveReport(found, 0.4, 0.4, 1.0, Q1.elapsed_ratio(self.at), KeyResultStatus.ON_TRACK, reports)
        cycles = tuple(CycleReport(one, one.elapsed_ratio(self.at), str(one.phase(self.at))) for one in (Q1, Q2))
        return Snapshot("e-now", self.at, self.at, slo_reports(), (above,), cycles)

    def view(self, *, sees_restricted: bool = True) -> CycleView:
        """What a caller sees of it."""
        with self.storage.reading() as database:
            return cycle_view(database, self.definitions, self.snapshot(), self.at, sees_restricted=sees_restricted)

    def report(self, cycle: Cycle = Q1, *, sees_restricted: bool = True) -> Item:
        """The report of a cycle."""
        view = self.view(sees_restricted=sees_restricted)
        evaluated = next(one for one in view.snapshot.cycles if one.cycle == cycle)
        with self.storage.reading() as database:
            return Reporting(database, view, evaluated).item()

    def _report(
        self, key_result: KeyResult, record: ProgressRecord | None, good: Measurement | None
    ) -> KeyResultReport:
        nothing = Measurement(key_result.id, self.at, Interval(self.at, self.at), None, Quality.NO_DATA)
        progress = record or record_of(key_result, self.at, None, KeyResultStatus.NO_DATA, Quality.NO_DATA)
        return KeyResultReport(key_result, Q1, "search", "li", progress, good or nothing, good)


def record_of(
    key_result: KeyResult, at: datetime, value: float | None, status: KeyResultStatus, quality: Quality
) -> ProgressRecord:
    """Progress as an evaluation would keep it."""
    progress = None if value is None else progress_of(key_result, value)
    return ProgressRecord(
        key_result=key_result.id,
        at=at,
        value=value,
        raw_ratio=progress.raw_ratio if progress else None,
        progress_ratio=progress.ratio if progress else None,
        expected_ratio=expected_ratio(key_result.period, at),
        gap_ratio=None,
        status=SteadyStatus(status),
        quality=quality,
        measured_at=at if value is not None else None,
        evaluation_id=f"e-{at:%m%d}",
    )
