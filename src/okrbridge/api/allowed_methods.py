"""Which methods a path takes, over every route that has it: the framework names those of the first one alone."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts


def allowed_methods(app: FastAPI, path: str) -> list[str]:
    """What ``Allow`` names (RFC 9110, 10.2.1), by name; HEAD wherever GET is."""
    found = {
        method
        for context in iter_route_contexts(app.routes)
        if context.path_regex.match(path)
        for method in context.methods or ()
    }
    return sorted(found | {"HEAD"} if "GET" in found else found)
