"""Logs: structlog on stderr, one line an event, with uvicorn's and APScheduler's lines in the same form."""

from __future__ import annotations

import logging
import re
import sys

import structlog

from okrbridge.observability.log_format import LogFormat

_TOKEN = re.compile(r"okrb_[A-Za-z0-9_-]{43}")
"""A token of okrbridge's API. Somebody may write it where it does not belong, such as in an address."""


def configure_logging(level: str, log_format: LogFormat = "auto") -> None:
    """Send everything to stderr: readable lines on a terminal, JSON elsewhere, unless a format is named.

    Args:
        level: debug, info, warning or error.
    """
    as_json = log_format == "json" or (log_format == "auto" and not sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    tail: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if as_json:
        # Local variables hold passwords and tokens; tracebacks are told without them.
        tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        tail += [structlog.processors.ExceptionRenderer(tracebacks), structlog.processors.JSONRenderer()]
    else:
        plain = structlog.dev.plain_traceback
        tail += [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_WithoutTokens(foreign_pre_chain=shared, processors=tail))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # APScheduler tells every run of its one job, and every boundary a long run passed; the tick's own line says more.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


class _WithoutTokens(structlog.stdlib.ProcessorFormatter):
    """Formats a line, and leaves out the text of tokens."""

    def format(self, record: logging.LogRecord) -> str:
        return _TOKEN.sub("okrb_(left out)", super().format(record))
