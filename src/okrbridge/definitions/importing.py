"""The SLOs that documents of other tools declare, apart from all others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from okrbridge.definitions.foreign import is_foreign
from okrbridge.definitions.loader import load
from okrbridge.domain.definition_set import DeclaredDocument
from okrbridge.domain.slo import Slo
from okrbridge.errors import DefinitionError, Fault

_OWN = "is a document of okrbridge already and is left out; `import` takes Sloth's and Pyrra's"


@dataclass(frozen=True, slots=True)
class Imported:
    """What was found.

    Attributes:
        slos: in reading order.
        warnings: what their tools would have done and okrbridge does not, in reading order.
    """

    slos: tuple[Slo, ...]
    warnings: tuple[Fault, ...]


def imported(paths: Sequence[Path], stdin: bytes | None = None) -> Imported:
    """Load documents and keep the SLOs of other tools.

    Args:
        paths: files and folders.
        stdin: what came in beside them.

    Raises:
        DefinitionError: with every fault; also when no document is another tool's.
    """
    loaded = load(paths, stdin)
    declared = loaded.definitions.documents
    foreign = {one.name for one in declared if _is_foreign(one)}
    own = [_left_out(one) for one in declared if not _is_foreign(one)]
    if not foreign:
        raise DefinitionError(own)
    slos = tuple(slo for slo in loaded.definitions.slos if slo.name in foreign)
    return Imported(slos, tuple(sorted([*loaded.warnings, *own])))


def _is_foreign(declared: DeclaredDocument) -> bool:
    return is_foreign(json.loads(declared.content))


def _left_out(declared: DeclaredDocument) -> Fault:
    file, _, line = declared.place.rpartition(":")
    return Fault(file, int(line), 1, "", _OWN, "not_foreign")
