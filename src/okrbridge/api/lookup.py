"""Finding one object by name: unknown, declared, or evaluated are three different answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from okrbridge.api.errors import NotEvaluatedError
from okrbridge.application.explaining.explain import close_names
from okrbridge.errors import NotFoundError

Declared = TypeVar("Declared")
Report = TypeVar("Report")

_FEW = 10
"""So many names a person reads at a glance."""


def find_declared(kind: str, name: str, declared: Mapping[str, Declared]) -> Declared:
    """What is declared under a name. Raises NotFoundError with the name that is close, or all names if they are few."""
    if name not in declared:
        known = sorted(declared) if len(declared) <= _FEW else []
        raise NotFoundError(kind, name, close=close_names(name, declared), known=known)
    return declared[name]


def find_evaluated(kind: str, name: str, reports: Mapping[str, Report], declared: Mapping[str, object]) -> Report:
    """The report under a name.

    Raises:
        NotFoundError: nobody declared it.
        NotEvaluatedError: it is declared, and no tick has evaluated it yet.
    """
    if name not in reports:
        find_declared(kind, name, declared)
        raise NotEvaluatedError(f"{kind} {name!r} is declared and will be evaluated at the next tick")
    return reports[name]
