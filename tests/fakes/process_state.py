"""What a process sets up once, put back after a test."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

_LOGGERS = ("apscheduler", "urllib3", "alembic", "uvicorn", "uvicorn.error", "uvicorn.access")


@contextmanager
def logging_restored() -> Iterator[None]:
    """Logging is as it was when the block ends."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, former in levels.items():
            logging.getLogger(name).setLevel(former)
        structlog.reset_defaults()


def settings_in_environment() -> list[str]:
    """The variables of this process that would change what okrbridge does."""
    return [name for name in os.environ if name.startswith(("OKRBRIDGE_", "OTEL_"))]
