"""A server that answers okrbridge's own routes, and beside them constants of the same size, for comparison.

Prints ``ready`` when it listens; run as a process of its own.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Response
from starlette.staticfiles import StaticFiles

from okrbridge.bootstrap.http import http_app
from okrbridge.bootstrap.service import running
from okrbridge.definitions.loader import load
from okrbridge.settings import Settings

_ENOUGH_SERIES = 10_000_000


def main() -> int:
    """Evaluate once and serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("config", "database", "static"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--prometheus", required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    settings = Settings(
        config=given.config,
        database_url=f"sqlite:///{given.database}",
        prometheus_url=given.prometheus,
        metrics_max_series=_ENOUGH_SERIES,
    )
    with running(settings, load([given.config])) as service:
        service.evaluator.tick()
        given.static.mkdir(parents=True, exist_ok=True)
        (given.static / "metrics.txt").write_bytes(service.metrics_page())
        app = http_app(service)
        _add_constants(app, given.static)
        uvicorn.run(app, host="127.0.0.1", port=given.port, log_level="warning", access_log=False)
    return 0


def _add_constants(app: FastAPI, static: Path) -> None:
    app.mount("/static", StaticFiles(directory=static))

    @app.get("/constant/{size}")
    def constant(size: int) -> Response:
        return Response(b"x" * size, media_type="application/json")


if __name__ == "__main__":
    sys.exit(main())
