"""What the reading of documents found, beside the definitions themselves."""

from __future__ import annotations

from dataclasses import dataclass, field

from okrbridge.definitions.nodes import Document, Path
from okrbridge.errors import Fault


@dataclass(frozen=True, slots=True)
class Findings:
    """Faults, which forbid, and warnings, which do not."""

    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a document where findings can be made.

    Attributes:
        path: the way to the place.
    """

    document: Document
    path: Path
    findings: Findings

    def at(self, *path: str | int) -> Spot:
        """A place further inside."""
        return Spot(self.document, (*self.path, *path), self.findings)

    def fault(self, message: str, code: str, *, of_key: bool = False) -> None:
        """Forbid what stands here."""
        self.findings.faults.append(self.document.fault(self.path, message, code, of_key=of_key))

    def warn(self, message: str, code: str, *, of_key: bool = False) -> None:
        """Remark on what stands here."""
        self.findings.warnings.append(self.document.fault(self.path, message, code, of_key=of_key))
