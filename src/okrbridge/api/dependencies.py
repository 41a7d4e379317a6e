"""What the routes work with, put together outside and handed to ``create_app``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Protocol

from fastapi import Depends, Request

from okrbridge.api.errors import NotEvaluatedError
from okrbridge.application.access import AccessRules
from okrbridge.application.document_writing import Prepare
from okrbridge.application.explaining.explain import Explaining
from okrbridge.application.ports import Clock, Storage
from okrbridge.application.snapshot import Snapshot, SnapshotHolder
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.windows import Grid


@dataclass(frozen=True, slots=True)
class ReadinessCheck:
    """One thing that must be well before okrbridge takes requests."""

    name: str
    ok: bool
    detail: str = ""


class MetricsText(Protocol):
    """The page for ``/metrics``."""

    def parts(self, *, is_compressed: bool) -> Sequence[bytes]:
        """The page as it stands now in blocks that follow each other; together a gzip file when asked for so."""


@dataclass(frozen=True)
class ApiServices:
    """The parts behind the API.

    Attributes:
        definitions: gives what is declared now.
        metrics: the page for ``/metrics``.
        is_ready: checks readiness; must be quick and must not depend on a source being up.
        reload: loads the definitions anew, raising ConfigurationError when they are refused; None turns
            ``POST /-/reload`` off.
        grid: the grid of slices, for the rows of histories.
        access: what is asked of callers.
        prepare: loads files and stored documents together; None where nothing is declared over HTTP.
        hear_of_writes: puts in force what other processes on the same database wrote; None where there are none.
    """

    snapshots: SnapshotHolder
    definitions: Callable[[], DefinitionSet]
    storage: Storage
    clock: Clock
    metrics: MetricsText
    is_ready: Callable[[], list[ReadinessCheck]]
    version: str
    grid: Grid
    reload: Callable[[], None] | None = None
    access: AccessRules = field(default_factory=AccessRules)
    prepare: Prepare | None = None
    hear_of_writes: Callable[[], None] | None = None

    def snapshot(self) -> Snapshot:
        """The current snapshot. Raises NotEvaluatedError before the first tick."""
        if self.snapshots.current is None:
            raise NotEvaluatedError("no evaluation has finished yet")
        return self.snapshots.current

    def newest_definitions(self) -> DefinitionSet:
        """The definitions in force once what other processes wrote is, for what is not to be taken back."""
        if self.hear_of_writes is not None:
            self.hear_of_writes()
        return self.definitions()

    def explaining(self, snapshot: Snapshot) -> Explaining:
        """Explains a snapshot's numbers now."""
        return Explaining(snapshot, self.definitions(), self.storage, self.grid, self.clock())


async def _services(request: Request) -> ApiServices:
    services: ApiServices = request.app.state.services
    return services


Services = Annotated[ApiServices, Depends(_services)]
