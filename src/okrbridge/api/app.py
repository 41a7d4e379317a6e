"""The HTTP application: routes, errors, documentation, joined."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.gzip import GZipMiddleware

from okrbridge.api.answer_cache import AnswerCache
from okrbridge.api.auth import OPEN, READS, Access
from okrbridge.api.body_limit import LONGEST_BODY, TooLargeProblems
from okrbridge.api.dependencies import ApiServices
from okrbridge.api.documentation import API_VERSION, TAGS, describe
from okrbridge.api.errors import add_error_handlers
from okrbridge.api.head_requests import HeadAsGet
from okrbridge.api.local_only import LocalOnly
from okrbridge.api.routes import (
    audit,
    cycles,
    incidents,
    instrumentation,
    key_results,
    landing,
    objectives,
    operations,
    slos,
)
from okrbridge.api.routes.written import written_routers
from okrbridge.api.security_headers import SecurityHeaders
from okrbridge.api.writing import WritingLock
from okrbridge.application.idempotency import RequestsAtWork
from okrbridge.application.known_tokens import KnownTokens

PREFIX = "/api/v1"
_COMPRESS_FROM_BYTES = 1_000


def create_app(services: ApiServices) -> FastAPI:
    """The application that answers with these services."""
    app = bare_app()
    app.state.services = services
    app.state.answers = AnswerCache()
    app.state.access = Access(services.access, KnownTokens(services.storage, services.clock))
    app.state.requests_at_work = RequestsAtWork()
    app.state.writing = WritingLock()
    if not services.access.is_on:
        app.add_middleware(LocalOnly)
    return app


def bare_app() -> FastAPI:
    """The application without services: enough to describe it."""
    app: FastAPI = FastAPIOffline(
        title="okrbridge",
        version=API_VERSION,
        summary="Exact SLO ledgers that move OKR key results.",
        description="Reading starts no work: answers come from the last evaluation or from the database.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_tags=TAGS,
        redoc_url=None,
        redirect_slashes=False,
    )
    readers = (slos, objectives, key_results, instrumentation, cycles, incidents)
    for router in (one.router for one in readers):
        app.include_router(router, prefix=PREFIX, dependencies=[READS], max_body_size=LONGEST_BODY)
    for router in (audit.router, *written_routers()):
        app.include_router(router, prefix=PREFIX, max_body_size=LONGEST_BODY)
    app.include_router(operations.router, max_body_size=LONGEST_BODY)
    app.include_router(landing.router, dependencies=[OPEN], max_body_size=LONGEST_BODY)
    add_error_handlers(app)
    # Each one is put around those before it.
    app.add_middleware(GZipMiddleware, minimum_size=_COMPRESS_FROM_BYTES, compresslevel=1)
    app.add_middleware(TooLargeProblems)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(HeadAsGet)
    describe(app)
    return app
