"""The HTTP side of a running okrbridge."""

from __future__ import annotations

from fastapi import FastAPI

from okrbridge import __version__
from okrbridge.api.app import create_app
from okrbridge.api.dependencies import ApiServices, ReadinessCheck
from okrbridge.bootstrap.clock import utc_now
from okrbridge.bootstrap.service import Service
from okrbridge.errors import StorageError


def http_app(service: Service) -> FastAPI:
    """What answers the requests to a service."""
    return create_app(
        ApiServices(
            snapshots=service.snapshots,
            definitions=lambda: service.definitions,
            storage=service.parts.storage,
            clock=utc_now,
            metrics=service.metrics_page,
            is_ready=lambda: readiness(service),
            version=__version__,
            prepare=service.prepare,
            hear_of_writes=service.hear_of_writes,
            reload=service.reload if service.settings.enable_reload else None,
            grid=service.settings.grid,
            access=service.settings.access,
        )
    )


def readiness(service: Service) -> list[ReadinessCheck]:
    """What must hold before a process should get requests; a source being down is not among it."""
    return [_database_check(service), _evaluation_check(service)]


def _database_check(service: Service) -> ReadinessCheck:
    try:
        service.parts.storage.check()
    except StorageError as problem:
        return ReadinessCheck("database", ok=False, detail=str(problem))
    return ReadinessCheck("database", ok=True, detail="reachable, schema current")


def _evaluation_check(service: Service) -> ReadinessCheck:
    done = service.snapshots.current is not None
    return ReadinessCheck("evaluation", ok=done, detail="done" if done else "the first tick has not finished")
