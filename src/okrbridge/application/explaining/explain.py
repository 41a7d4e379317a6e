"""No number without its reason: what was asked, what was counted, and the formulas with the numbers put in.

The answers are plain dicts, for the API and for ``explain`` on the command line; ``explanation_text`` has the lines.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from okrbridge.application.explaining.counting import asked_together, settling_item
from okrbridge.application.explaining.key_result import key_result_explanation
from okrbridge.application.explaining.measure import measuring_slo_item
from okrbridge.application.explaining.slo import slo_explanation, source_items
from okrbridge.application.maintenance_items import maintenance_items
from okrbridge.application.maintenance_times import MaintenanceTimes
from okrbridge.application.ports import Storage
from okrbridge.application.records import DefinitionRevision
from okrbridge.application.reports import Item, rfc3339
from okrbridge.application.slo_counts import SloCounts
from okrbridge.application.snapshot import KeyResultReport, Snapshot
from okrbridge.application.target_help import target_help
from okrbridge.domain.burn_rate import BURN_WINDOWS
from okrbridge.domain.definition_set import DeclaredDocument, DefinitionSet
from okrbridge.domain.ledger import WindowCounts
from okrbridge.domain.measures import SloMeasure
from okrbridge.domain.slo import Slo
from okrbridge.domain.windows import Grid, Interval
from okrbridge.errors import NotFoundError, StorageError

_MANY_NAMES = 2_000


@dataclass(frozen=True)
class Explaining:
    """Explains the numbers of one snapshot.

    Attributes:
        definitions: what is declared now.
        storage: asked for the counts behind the burn windows and for revisions; when it fails, the explanation says
            so and gives the rest.
        now: for the ages.
    """

    snapshot: Snapshot
    definitions: DefinitionSet
    storage: Storage
    grid: Grid
    now: datetime

    def slo(self, name: str) -> Item:
        """Why an SLO's numbers are what they are. Raises NotFoundError."""
        report = self.snapshot.slo_by_name.get(name)
        if report is None:
            raise NotFoundError("slo", name, close=close_names(name, self.snapshot.slo_by_name))
        intervals = {
            key: Interval(report.evaluated_at - length, report.evaluated_at) for key, length in BURN_WINDOWS.items()
        }
        counts, trouble = self._counts(report.slo, intervals)
        times = MaintenanceTimes(self.definitions.maintenance, self.grid)
        exclusions = times.excluded(times.excluding(report.slo), report.window)
        return {
            **slo_explanation(report, counts, self.now, exclusions),
            "sources": source_items(self.snapshot.sources, report),
            "asked_together": asked_together(self.snapshot.counting, report.slo),
            "settling": settling_item(self.snapshot.counting, report.evaluated_at),
            "maintenance": maintenance_items(self.definitions.maintenance, report.slo, report.window),
            "warnings": [*report.details.warnings, *trouble],
            "evaluation_id": self.snapshot.evaluation_id,
            "definition": self._definition("SLO", name),
        }

    def key_result(self, objective: str, name: str) -> Item:
        """Why a key result's numbers are what they are. Raises NotFoundError."""
        identity = f"{objective}/{name}"
        report = self.snapshot.key_result_by_id.get(identity)
        if report is None:
            raise NotFoundError("key result", identity, close=close_names(identity, self.snapshot.key_result_by_id))
        measure = report.key_result.measure
        measured = report.measurement if report.measurement.value is not None else report.last_good
        counts: Mapping[str, WindowCounts] = {}
        trouble: list[str] = []
        slo = self.definitions.slo_by_name.get(measure.slo) if isinstance(measure, SloMeasure) else None
        if slo is not None and measured is not None:
            counts, trouble = self._counts(slo, {"measured": measured.window})
        return {
            **key_result_explanation(report, slo, counts.get("measured"), self.now),
            "measured_by": measuring_slo_item(slo, self._definition("SLO", slo.name)) if slo else None,
            "maintenance": maintenance_items(self.definitions.maintenance, slo, _window(report)) if slo else [],
            "target_help": self._target_help(report),
            "warnings": trouble,
            "definition": self._definition("Objective", objective),
        }

    def _counts(self, slo: Slo, intervals: Mapping[str, Interval]) -> tuple[Mapping[str, WindowCounts], list[str]]:
        """Counts by name of interval; with a warning instead when the database does not answer."""
        on_grid = [self.grid.covering(interval) for interval in intervals.values()]
        try:
            with self.storage.reading() as database:
                source = SloCounts(database.ledger, self.grid, self.definitions.maintenance)
                counts = source.window_counts(slo, on_grid)
        except StorageError:
            return {}, ["the database did not answer, so the counts behind the ratios are not shown"]
        return dict(zip(intervals, counts, strict=True)), []

    def _target_help(self, report: KeyResultReport) -> Item | None:
        """The target beside its history; None when the database does not answer."""
        try:
            with self.storage.reading() as database:
                return target_help(report, self.definitions, database.progress, report.progress.at)
        except StorageError:
            return None

    def _definition(self, kind: str, name: str) -> Item | None:
        """Where the document stands and which revision of it is in force; None when it is no longer declared."""
        document = _document(self.definitions.documents, kind, name)
        if document is None:
            return None
        last = self._last_revision(document)
        return {
            "kind": document.kind,
            "name": document.name,
            "place": document.place,
            "revision": last.number if last else None,
            "revised_at": rfc3339(last.at) if last else None,
        }

    def _last_revision(self, document: DeclaredDocument) -> DefinitionRevision | None:
        try:
            with self.storage.reading() as database:
                revisions = database.definitions.revisions(document.kind, document.name)
        except StorageError:
            return None
        # A revision that was loaded after this evaluation has measured nothing of it.
        before = [one for one in revisions if one.at <= self.snapshot.published_at]
        return before[-1] if before else None


def _window(report: KeyResultReport) -> Interval:
    """What the value shown speaks of."""
    shown = report.measurement if report.measurement.value is not None else report.last_good
    return shown.window if shown else report.measurement.window


def close_names(name: str, known: Iterable[str]) -> Sequence[str]:
    """The known name that is most like a wrong one, for "did you mean"; none when there are too many to compare."""
    names = list(known)
    return difflib.get_close_matches(name[:200], names, n=1) if len(names) <= _MANY_NAMES else []


def _document(documents: Sequence[DeclaredDocument], kind: str, name: str) -> DeclaredDocument | None:
    """The document that declares a name; the second objective of SLO ``api`` is the SLO ``api-99.9``."""
    declaring = [one for one in documents if one.kind == kind and (one.name == name or name.startswith(f"{one.name}-"))]
    return max(declaring, key=lambda one: len(one.name), default=None)
