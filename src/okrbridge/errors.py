"""Every error okrbridge raises on purpose, in one tree.

::

    OkrbridgeError
    ├── ConfigurationError      what the user declared cannot work (exit code 2)
    │   ├── DefinitionError     faults in the documents, each with its place
    │   └── UnitError           a quantity or a unit that cannot be read or converted
    ├── SourceError             a source did not give a usable answer (exit code 4)
    ├── StorageError            the database did not do what was asked (exit code 4)
    │   └── SchemaOutdatedError the database was made by another version of okrbridge
    └── NotFoundError           a name nobody declared
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class OkrbridgeError(Exception):
    """Anything okrbridge refuses or could not do; the message is for the user."""


class ConfigurationError(OkrbridgeError):
    """What was declared cannot work; nothing was changed."""


class UnitError(ConfigurationError):
    """A quantity or a unit that cannot be read or converted."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault in a document: ``file:line:col: path: message``.

    A document that was made over HTTP has no lines: line and column are 0, and ``file`` is its name.
    """

    file: str
    line: int
    column: int
    path: str
    message: str
    code: str = "invalid"
    """A stable short name, so that tools can filter: ``unknown_key``, ``dangling_reference``, …"""

    def __str__(self) -> str:
        path = f"{self.path}: " if self.path else ""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {path}{self.message}"


class DefinitionError(ConfigurationError):
    """The documents hold faults; all of them are in ``faults``, in reading order."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class SourceFailureReason(StrEnum):
    """Why a source gave no usable answer; also the ``reason`` label of the failure counter."""

    UNREACHABLE = "unreachable"
    """No connection, or it broke."""
    TIMEOUT = "timeout"
    """No answer before the deadline, or the server gave the query up."""
    UNAUTHORIZED = "unauthorized"
    """401 or 403."""
    BAD_QUERY = "bad_query"
    """The server refuses the query as it is written; asking again cannot help."""
    BAD_ANSWER = "bad_answer"
    """Not what the protocol promises: an HTML page, cut-off JSON, another result type."""
    OVERLOADED = "overloaded"
    """429, or 5xx with the server alive."""
    TOO_MANY_SERIES = "too_many_series"
    """More series than the question has answers."""


class SourceError(OkrbridgeError):
    """A source gave no usable answer.

    Attributes:
        reason: the kind of failure, sorted once here at the border.
        source: the source's declared name.
        query: what was asked, if it was a query.
    """

    def __init__(self, message: str, *, reason: SourceFailureReason, source: str, query: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.source = source
        self.query = query


class StorageError(OkrbridgeError):
    """The database did not do what was asked; nothing of the transaction was kept."""


class SchemaOutdatedError(StorageError):
    """The database's schema is not the one this version of okrbridge works with."""


class ConflictError(OkrbridgeError):
    """Someone else has changed it meanwhile."""


class NotFoundError(OkrbridgeError):
    """No object of that kind has that name."""

    def __init__(self, kind: str, name: str, *, close: Sequence[str] = (), known: Sequence[str] = ()) -> None:
        self.kind = kind
        self.name = name
        hint = f"; did you mean {close[0]!r}?" if close else ""
        if known and not close:
            hint = f"; there {'are' if len(known) > 1 else 'is'} {', '.join(known)}"
        super().__init__(f"there is no {kind} named {name!r}{hint}")
