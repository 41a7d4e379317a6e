"""Files and what was made over HTTP, loaded together and checked for one grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from okrbridge.application.document_writing import loadable
from okrbridge.application.okr_records import StoredDocument
from okrbridge.application.time_slice_sums import require_whole_slices
from okrbridge.definitions.loader import Loaded, load_with
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.windows import Grid
from okrbridge.errors import DefinitionError


@dataclass(frozen=True, slots=True)
class LoadedTogether:
    """Definitions that were loaded and checked for a write, and the way to put them in force."""

    loaded: Loaded
    adopt: Callable[[Loaded], None]

    @property
    def definitions(self) -> DefinitionSet:
        """What was loaded."""
        return self.loaded.definitions

    def put_in_force(self) -> None:
        """Let the next tick and every answer go by them."""
        self.adopt(self.loaded)


def load_together(config: Path, stored: Sequence[StoredDocument], grid: Grid) -> Loaded:
    """Files and stored documents as one set. Raises ConfigurationError with every fault."""
    loaded = load_with([config], stored)
    require_whole_slices(loaded.definitions.slos, grid)
    return loaded


def load_what_fits(config: Path, stored: Sequence[StoredDocument], grid: Grid) -> tuple[Loaded, list[str]]:
    """Files with the stored documents that still fit beside them, and the names of those that do not.

    Files decide: what they say pages people at night, and must not wait for a document that somebody left behind.

    Raises:
        ConfigurationError: the files have faults themselves.
    """
    try:
        return load_together(config, stored, grid), []
    except DefinitionError:
        left_out = loadable(stored, lambda documents: load_together(config, documents, grid))
    fitting = [one for one in stored if f"http:{one.kind}/{one.name}" not in left_out]
    return load_together(config, fitting, grid), left_out
