"""What the reading of documents found, beside the definitions themselves."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from okrbridge.definitions.nodes import Document, Path, format_path
from okrbridge.errors import Fault


@dataclass(frozen=True, slots=True, order=True)
class LocatedQuery:
    """A query, the source it is for, and the place where it stands.

    Attributes:
        file, line, column, path: the place, as in a Fault.
        source: the declared name of the source.
        text: the query, word for word.
    """

    file: str
    line: int
    column: int
    path: str
    source: str
    text: str

    def fault(self, message: str, code: str) -> Fault:
        """A fault at the place of the query."""
        return Fault(self.file, self.line, self.column, self.path, message, code)


@dataclass(frozen=True, slots=True)
class Findings:
    """Faults, which forbid; warnings, which do not; and the queries that sources will be asked."""

    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    queries: list[LocatedQuery] = field(default_factory=list)


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

    def query(self, source: str, text: str) -> None:
        """Note that a query for a source stands here."""
        line, column = self.document.position(self.path)
        place = (self.document.file, line, column, sys.intern(format_path(self.path)))
        self.findings.queries.append(LocatedQuery(*place, source, text))

    def fault(self, message: str, code: str, *, of_key: bool = False) -> None:
        """Forbid what stands here."""
        self.findings.faults.append(self.document.fault(self.path, message, code, of_key=of_key))

    def warn(self, message: str, code: str, *, of_key: bool = False) -> None:
        """Remark on what stands here."""
        self.findings.warnings.append(self.document.fault(self.path, message, code, of_key=of_key))
