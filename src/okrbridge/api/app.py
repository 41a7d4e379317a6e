"""The HTTP application: routes, errors, documentation, joined."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from okrbridge.api.answer_cache import AnswerCache
from okrbridge.api.auth import OPEN, READS, Access, admission_of
from okrbridge.api.body_limit import LONGEST_BODY, TooLargeProblems
from okrbridge.api.dependencies import ApiServices
from okrbridge.api.documentation import API_VERSION, TAGS, describe
from okrbridge.api.errors import add_error_handlers
from okrbridge.api.local_only import LocalOnly
from okrbridge.api.routes import audit, cycles, instrumentation, key_results, landing, objectives, operations, slos
from okrbridge.api.routes.written import written_routers
from okrbridge.api.writing import WritingLock
from okrbridge.application.idempotency import RequestsAtWork
from okrbridge.application.known_tokens import KnownTokens

PREFIX = "/api/v1"
_COMPRESS_FROM_BYTES = 1_000


class SecurityHeaders:
    """Tells browsers to take every answer for what it says it is, and caches whom it is for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        admission = admission_of(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                admission.mark(headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)


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
    )
    for router in (slos.router, objectives.router, key_results.router, instrumentation.router, cycles.router):
        app.include_router(router, prefix=PREFIX, dependencies=[READS], max_body_size=LONGEST_BODY)
    for router in (audit.router, *written_routers()):
        app.include_router(router, prefix=PREFIX, max_body_size=LONGEST_BODY)
    app.include_router(operations.router, max_body_size=LONGEST_BODY)
    app.include_router(landing.router, dependencies=[OPEN], max_body_size=LONGEST_BODY)
    add_error_handlers(app)
    app.add_middleware(GZipMiddleware, minimum_size=_COMPRESS_FROM_BYTES, compresslevel=1)
    app.add_middleware(TooLargeProblems)
    app.add_middleware(SecurityHeaders)
    describe(app)
    return app
