"""What each route needs of its caller, read off the routes themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from okrbridge.api.auth import Requires
from okrbridge.application.access import grants
from okrbridge.application.access_ports import Role

_CONVERTER = re.compile(r":\w+\}")
"""What a path says of how a parameter is read, such as ``{subject:path}``; the description has the name alone."""


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
        RouteNeed(method, _CONVERTER.sub("}", str(context.path)), bool(declared), strongest(declared))
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
        for declared in [list(declared_in(context.dependant))]
        for method in sorted(context.methods or ())
    ]


def declared_in(dependant: Dependant) -> Iterator[Requires]:
    """The needs that a route declares, itself or where its router is included."""
    if isinstance(dependant.call, Requires):
        yield dependant.call
    for one in dependant.dependencies:
        yield from declared_in(one)


def strongest(declared: Iterable[Requires]) -> Role | None:
    """All of them must be met: the role that suffices for each; None when nobody is asked."""
    roles = [one.role for one in declared if one.role is not None]
    return next((role for role in roles if all(grants(role, other) for other in roles)), None)
