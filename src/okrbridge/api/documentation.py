"""The description of the API: what its routes have in common, and the OpenAPI document."""

from __future__ import annotations

import copy
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query
from fastapi.openapi.utils import get_openapi

from okrbridge.api.errors import (
    BAD_REQUEST,
    DATABASE_UNAVAILABLE,
    FORBIDDEN,
    INVALID_REQUEST,
    NOT_EVALUATED,
    NOT_FOUND,
    PROBLEM_JSON,
    UNAUTHORIZED,
    Problem,
)
from okrbridge.api.needs import route_needs
from okrbridge.api.schemas.base import ProblemDocument
from okrbridge.application.access_ports import Role

API_VERSION = "1"

Responses = dict[int | str, dict[str, Any]]

TAGS = [
    {"name": "slos", "description": "Service level objectives: budget, burn, history, reasons."},
    {"name": "objectives", "description": "Objectives rolled up from their key results."},
    {"name": "key results", "description": "Key results: value, progress, status, history, reasons."},
    {"name": "check-ins", "description": "What people say of key results, and forecasts."},
    {"name": "cycles", "description": "The time boxes of OKRs."},
    {"name": "teams", "description": "Who sets objectives."},
    {"name": "indicators", "description": "Standing metrics, whose history goes on from cycle to cycle."},
    {"name": "initiatives", "description": "Work that should move key results; never progress."},
    {"name": "maintenance", "description": "Announced time."},
    {"name": "definitions", "description": "What words and numbers mean."},
    {"name": "findings", "description": "What okrbridge noticed about definitions and data."},
    {"name": "checklists", "description": "What is done before production, before a cycle, in the first days."},
    {"name": "events", "description": "What happened: deploys, incidents, sign-ups; and annotations for graphs."},
    {"name": "operations", "description": "Metrics, health, readiness, reload."},
]

SloName = Annotated[str, Path(min_length=1, max_length=253, examples=["checkout-availability"])]
ObjectiveName = Annotated[str, Path(min_length=1, max_length=253, examples=["reliable-checkout"])]
KeyResultName = Annotated[str, Path(min_length=1, max_length=253, examples=["uptime"])]
CycleName = Annotated[str, Path(min_length=1, max_length=253, examples=["2026-q1"])]
NameFilter = Annotated[str | None, Query(max_length=253, description="Only those with exactly this name.")]
TimeText = Annotated[
    str | None,
    Query(
        max_length=64,
        description="RFC 3339 with a zone, epoch seconds or milliseconds, `now`, or `now-6h`.",
        examples=["now-6h", "2026-11-05T08:00:00Z", "1793865600000"],
    ),
]
StepText = Annotated[
    str | None,
    Query(max_length=32, description="A duration or a number of seconds, rounded up to the grid.", examples=["1h"]),
]


def problems(*found: Problem) -> Responses:
    """The problem answers of a route, by status; kinds that share a status stand together."""
    responses: Responses = {}
    for problem in dict.fromkeys(found):
        answer = responses.setdefault(int(problem.status), {"description": "", "content": {PROBLEM_JSON: {}}})
        answer["description"] = "; ".join(filter(None, (answer["description"], problem.title)))
        content = answer["content"][PROBLEM_JSON]
        content["schema"] = {"$ref": "#/components/schemas/ProblemDocument"}
        content.setdefault("examples", {})[problem.slug] = {"value": example(problem)}
    return responses


def example(problem: Problem) -> dict[str, Any]:
    """A problem document of this kind."""
    return {
        "type": problem.type,
        "title": problem.title,
        "status": int(problem.status),
        "detail": problem.detail or problem.title,
        "instance": "/api/v1/slos",
    }


NOT_MODIFIED: Responses = {304: {"description": "The client has it already: If-None-Match names its ETag"}}
LIST = {**NOT_MODIFIED, **problems(BAD_REQUEST, INVALID_REQUEST, NOT_EVALUATED)}
ONE = {**NOT_MODIFIED, **problems(NOT_FOUND, INVALID_REQUEST, NOT_EVALUATED)}
TREE = {**NOT_MODIFIED, **problems(NOT_EVALUATED)}
STORED_LIST = {**NOT_MODIFIED, **problems(BAD_REQUEST, INVALID_REQUEST, DATABASE_UNAVAILABLE)}
STORED_ONE = {**NOT_MODIFIED, **problems(NOT_FOUND, INVALID_REQUEST, DATABASE_UNAVAILABLE)}
HISTORY = {**NOT_MODIFIED, **problems(BAD_REQUEST, NOT_FOUND, INVALID_REQUEST, DATABASE_UNAVAILABLE)}

_TOKEN = "token"  # noqa: S105 - the name of the scheme, and no secret
_REFUSALS = problems(UNAUTHORIZED, FORBIDDEN, DATABASE_UNAVAILABLE)


def describe(app: FastAPI) -> None:
    """Make an application describe itself completely."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI documents


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        license_info=app.license_info,
        tags=app.openapi_tags,
        routes=app.routes,
    )
    _describe_needs(app, document)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["ProblemDocument"] = ProblemDocument.model_json_schema()
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document


def _describe_needs(app: FastAPI, document: dict[str, Any]) -> None:
    """Tell which operation needs a token of which role, and how those without one are refused.

    Reading may need none, which a setting decides; that is an empty requirement beside the other one.
    """
    scheme = {"type": "http", "scheme": "bearer", "description": "Made by `okrbridge token create`."}
    document.setdefault("components", {})["securitySchemes"] = {_TOKEN: scheme}
    for need in route_needs(app):
        operation = document["paths"].get(need.path, {}).get(need.method.lower())
        if operation is None:
            continue
        operation["x-required-role"] = need.role
        operation["security"] = []
        if need.role is not None:
            operation["security"] = [{}, {_TOKEN: []}] if need.role is Role.VIEWER else [{_TOKEN: []}]
            _add_refusals(operation["responses"])


def _add_refusals(responses: dict[str, Any]) -> None:
    for status, refusal in copy.deepcopy(_REFUSALS).items():
        answer = responses.setdefault(str(status), refusal)
        examples = answer["content"][PROBLEM_JSON]["examples"]
        if not refusal["content"][PROBLEM_JSON]["examples"].keys() <= examples.keys():
            answer["description"] = f"{answer['description']}; {refusal['description']}"
            examples.update(refusal["content"][PROBLEM_JSON]["examples"])
