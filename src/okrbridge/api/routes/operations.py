"""Metrics, health, readiness, reload: at the root, without the API's prefix."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from okrbridge.api.auth import OPEN, READS, Admin
from okrbridge.api.dependencies import ApiServices, Services
from okrbridge.api.documentation import problems
from okrbridge.api.errors import (
    DEFINITIONS_REFUSED,
    INVALID_REQUEST,
    NOT_READY,
    RELOAD_DISABLED,
    NotReadyError,
    ReloadDisabledError,
)
from okrbridge.api.responses import BlocksResponse, JsonResponse
from okrbridge.api.schemas.operations import Health, Readiness, Reloaded

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

router = APIRouter(tags=["operations"])
Verbose = Annotated[
    Literal["", "0", "1", "true", "false"] | None, Query(description="List every check; the value may be left out.")
]
_READY = problems(INVALID_REQUEST, NOT_READY)


@router.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Metrics in the Prometheus text format",
    response_class=Response,
    dependencies=[READS],
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Text format 0.0.4"}},
)
def get_metrics(request: Request, services: Services) -> Response:
    """Every metric of the last evaluation and of the process."""
    is_compressed = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"Content-Type": METRICS_TYPE}
    if is_compressed:
        # The middleware that compresses the other answers leaves this one alone, and does not say Vary for it.
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return BlocksResponse(services.metrics.parts(is_compressed=is_compressed), headers)


@router.get(
    "/livez",
    operation_id="getLiveness",
    summary="Whether the process answers",
    response_model=Health,
    dependencies=[OPEN],
)
async def get_liveness() -> Response:
    """Answers as long as the process does; looks at no database and no source."""
    # Without a thread: requests that wait for the database hold them all, and the process is alive all the same.
    return _healthy()


@router.get(
    "/-/healthy",
    operation_id="getHealth",
    summary="As /livez, in Prometheus' spelling",
    response_model=Health,
    dependencies=[OPEN],
)
async def get_health() -> Response:
    """Answers as long as the process does."""
    return _healthy()


@router.get(
    "/readyz",
    operation_id="getReadiness",
    summary="Whether okrbridge takes requests",
    response_model=Readiness,
    dependencies=[OPEN],
    responses=_READY,
)
def get_readiness(services: Services, verbose: Verbose = None) -> Response:
    """Schema, definitions and database are well. A source being down does not matter here."""
    return _readiness(services, verbose)


@router.get(
    "/-/ready",
    operation_id="getReady",
    summary="As /readyz, in Prometheus' spelling",
    response_model=Readiness,
    dependencies=[OPEN],
    responses=_READY,
)
def get_ready(services: Services, verbose: Verbose = None) -> Response:
    """Schema, definitions and database are well."""
    return _readiness(services, verbose)


@router.post(
    "/-/reload",
    operation_id="reload",
    summary="Load the definitions anew",
    response_model=Reloaded,
    responses=problems(RELOAD_DISABLED, DEFINITIONS_REFUSED),
)
def reload(request: Request, services: Services, _caller: Admin) -> Response:
    """Checks the definitions first and swaps them as a whole; refused ones leave the old ones in force."""
    if "origin" in request.headers:
        raise ReloadDisabledError("a web page must not reload okrbridge; send the request without an Origin header")
    if services.reload is None:
        raise ReloadDisabledError("start okrbridge with reloading over HTTP turned on, or send it SIGHUP")
    services.reload()
    return JsonResponse({"status": "reloaded"})


def _healthy() -> Response:
    return JsonResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


def _readiness(services: ApiServices, verbose: str | None) -> Response:
    checks = [asdict(check) for check in services.is_ready()]
    if not all(check["ok"] for check in checks):
        raise NotReadyError(checks)
    shown = checks if verbose in ("", "1", "true") else []
    return JsonResponse({"status": "ok", "checks": shown}, headers={"Cache-Control": "no-store"})
