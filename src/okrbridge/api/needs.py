"""What each route needs of its caller, read off the routes themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from okrbridge.api.auth import Requires
from okrbridge.application.access import grants
from okrbridge.application.access_ports import Role


@dataclass(frozen=True, slots=True)
class RouteNeed:
    """What one operation needs.

    Attributes:
        is_declared: whether the route says it; a route that does not is a mistake.
        role: the least role; None when nobody is asked.
    """

    method: str
    path: str
    is_declared: bool
    role: Role | None


def route_needs(app: FastAPI) -> list[RouteNeed]:
    """Every operation of an application that our routers have, with its need."""
    return [
        RouteNeed(method, str(context.path), bool(declared), _strongest(declared))
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
        for declared in [list(_declared(context.dependant))]
        for method in sorted(context.methods or ())
    ]


def _declared(dependant: Dependant) -> Iterator[Requires]:
    if isinstance(dependant.call, Requires):
        yield dependant.call
    for one in dependant.dependencies:
        yield from _declared(one)


def _strongest(declared: list[Requires]) -> Role | None:
    """All of them must be met: the one that no other is enough for."""
    roles = [one.role for one in declared if one.role is not None]
    return next((role for role in roles if all(grants(role, other) for other in roles)), None)
