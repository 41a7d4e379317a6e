"""The last evaluation as one caller sees it: the only way by which routes come to what may be restricted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from fastapi import Request
from starlette.responses import Response

from okrbridge.api.auth import sees_restricted
from okrbridge.api.dependencies import ApiServices
from okrbridge.api.lookup import find_declared, find_evaluated
from okrbridge.api.responses import about_snapshot, from_database, from_snapshot
from okrbridge.application.reports import Item
from okrbridge.application.snapshot import KeyResultReport, ObjectiveReport, Snapshot
from okrbridge.application.visibility import Sight, sight_of
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult


@dataclass(frozen=True)
class View:
    """What one caller sees of one snapshot.

    Attributes:
        whole: the snapshot with everything, to tag answers by.
        snapshot, definitions: without what is hidden from the caller.
    """

    request: Request
    whole: Snapshot
    snapshot: Snapshot
    definitions: DefinitionSet
    sight: Sight
    now: datetime

    @cached_property
    def origins(self) -> Mapping[str, str]:
        """Where each objective is declared, by name."""
        return {one.name: one.origin for one in self.definitions.documents if one.kind == "Objective"}

    def answer(self, content: Item) -> Response:
        """An answer made of the snapshot alone."""
        return from_snapshot(self.request, self.whole, self.now, self.sight.redacted(content))

    def answer_with_database(self, content: Item) -> Response:
        """An answer made of the snapshot and of what the database adds to it."""
        return about_snapshot(self.request, self.whole, self.now, self.sight.redacted(content))

    def answer_of_now(self, content: Item) -> Response:
        """An answer in which the database has the say: it changes between evaluations."""
        return from_database(self.request, self.sight.redacted(content))

    def objective(self, name: str) -> ObjectiveReport:
        """An evaluated objective. Raises NotFoundError, also when it is hidden, and NotEvaluatedError."""
        return find_evaluated("objective", name, self.snapshot.objective_by_name, self.definitions.objective_by_name)

    def key_result(self, objective: str, name: str) -> KeyResultReport:
        """An evaluated key result. Raises NotFoundError, also when it is hidden, and NotEvaluatedError."""
        found = self.snapshot.key_result_by_id
        return find_evaluated("key result", f"{objective}/{name}", found, self.definitions.key_result_by_id)


@dataclass(frozen=True)
class DeclaredView:
    """What one caller sees of what is declared; there need not be an evaluation."""

    request: Request
    definitions: DefinitionSet
    sight: Sight
    now: datetime

    def answer(self, content: Item) -> Response:
        """An answer read from the database."""
        return from_database(self.request, self.sight.redacted(content))

    def key_result(self, objective: str, name: str) -> KeyResult:
        """A declared key result. Raises NotFoundError, also when it is hidden."""
        return find_declared("key result", f"{objective}/{name}", self.definitions.key_result_by_id)


def view_of(request: Request, services: ApiServices) -> View:
    """The current snapshot as the request's caller sees it. Raises NotEvaluatedError before the first tick."""
    whole, definitions = services.snapshot(), services.definitions()
    sight = sight_of(definitions, whole, sees_restricted=sees_restricted(request))
    seen = sight.of_snapshot(whole), sight.of_definitions(definitions)
    return View(request, whole, *seen, sight, services.clock())


def declared_view(request: Request, services: ApiServices) -> DeclaredView:
    """What is declared, as the request's caller sees it."""
    definitions = services.definitions()
    sight = sight_of(definitions, services.snapshots.current, sees_restricted=sees_restricted(request))
    return DeclaredView(request, sight.of_definitions(definitions), sight, services.clock())
