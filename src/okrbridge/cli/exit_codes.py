"""Exit codes, and which error leaves with which."""

from __future__ import annotations

from okrbridge.errors import OkrbridgeError, SourceError, SourceFailureReason, StorageError

GOOD = 0
FINDINGS = 1
WRONG = 2
WARNINGS = 3
UNREACHABLE = 4

_QUERY_FAULTS = (SourceFailureReason.BAD_QUERY, SourceFailureReason.TOO_MANY_SERIES)


def exit_code_of(problem: OkrbridgeError) -> int:
    """The exit code of an error: 4 for sources and the database, 2 for everything the user wrote."""
    if isinstance(problem, SourceError):
        return exit_code_of_failure(problem.reason)
    return UNREACHABLE if isinstance(problem, StorageError) else WRONG


def exit_code_of_failure(reason: SourceFailureReason) -> int:
    """1 for a query the source refuses, 4 when the source itself gave no usable answer."""
    return FINDINGS if reason in _QUERY_FAULTS else UNREACHABLE
