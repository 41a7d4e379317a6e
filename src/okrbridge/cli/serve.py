"""``okrbridge serve``: the service."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from okrbridge.cli.options import ConfigOption, DatabaseOption, Format, FormatOption
from okrbridge.cli.process_memory import keep_one_arena, nothing_collected
from okrbridge.errors import ConfigurationError, OkrbridgeError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from okrbridge.bootstrap.service import Service
    from okrbridge.scheduling.ticker import Ticker
    from okrbridge.settings import Settings

GRACE_SECONDS = 10
"""How long open requests may take to end after SIGTERM."""


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on [env: OKRBRIDGE_HOST; default: 127.0.0.1].")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on [env: OKRBRIDGE_PORT; default: 8080].")] = None,
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Evaluate every slice, and serve the HTTP API and /metrics.

    SIGTERM and Ctrl-C finish the running tick and leave; SIGHUP loads the definitions again.
    """
    keep_one_arena()
    with ExitStack() as held:
        with nothing_collected():
            from okrbridge.cli.opening import opened_with
            from okrbridge.observability.logs import configure_logging
            from okrbridge.settings import load_settings

            settings = load_settings({"config": config, "database_url": database_url, "host": host, "port": port})
            configure_logging(settings.log_level, "json" if format is Format.JSON else settings.log_format)
            listener = held.enter_context(_listen(settings))
            service = held.enter_context(opened_with(settings))
        _run(service, settings, listener)


def _listen(settings: Settings) -> socket.socket:
    """The listening socket, taken before anything else is done.

    Raises:
        ConfigurationError: the address is taken or not one of this machine, or tokens are switched off and others
            could reach it.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as problem:
        listener.close()
        address = address_of(settings.host, settings.port)
        message = f"cannot listen on {address}: {problem.strerror}; choose another with --host and --port"
        raise ConfigurationError(message) from problem
    _require_loopback(settings, listener)
    return listener


def _require_loopback(settings: Settings, listener: socket.socket) -> None:
    """The bound address decides, and not the name that was given for it; nobody can connect yet."""
    from okrbridge.api.local_only import is_loopback

    address = listener.getsockname()[0]
    if settings.access.is_on or is_loopback(address):
        return
    listener.close()
    raise ConfigurationError(
        f"OKRBRIDGE_AUTH=off lets everybody write, so it works on a loopback address only, and {address} is none; "
        "use --host 127.0.0.1, or switch tokens on and make one with `okrbridge token create`"
    )


def address_of(host: str, port: int) -> str:
    """Host and port as in a URL: an IPv6 address stands in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _run(service: Service, settings: Settings, listener: socket.socket) -> None:
    import structlog
    import uvicorn

    from okrbridge.bootstrap.http import http_app

    app = http_app(service)
    app.router.lifespan_context = _ticking(service.ticker())
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=settings.log_level == "debug",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    host, port = listener.getsockname()[:2]
    structlog.get_logger(__name__).info("listening", url=f"http://{address_of(host, port)}")
    # uvicorn raises the signal it ended on again; these handlers let the process leave with 0.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGHUP, lambda *_: _in_background(lambda: _reload(service)))
    uvicorn.Server(config).run(sockets=[listener])


def _ticking(ticker: Ticker) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """The application's lifespan: the ticker runs while requests are served, and a running tick is finished."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        ticker.start()
        try:
            yield
        finally:
            ticker.stop()

    return lifespan


def _in_background(task: Callable[[], None]) -> None:
    """Signal handlers must return at once."""
    threading.Thread(target=task, daemon=True).start()


def _reload(service: Service) -> None:
    import structlog

    try:
        service.reload()
    except OkrbridgeError as problem:
        structlog.get_logger(__name__).error("definitions refused, the old ones stay", reason=str(problem))
