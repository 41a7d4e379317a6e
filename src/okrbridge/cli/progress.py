"""Progress of long work: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING

from okrbridge.cli.output import say

if TYPE_CHECKING:
    from okrbridge.bootstrap import Service
    from okrbridge.domain.windows import Interval

_QUIET_SECONDS = 5.0


def fill_with_progress(service: Service, at: datetime) -> int:
    """Fill the history that windows ending at ``at`` need; returns the slices written."""
    backfill = service.evaluator.backfill
    with service.parts.storage.reading() as database:
        if backfill.filled_ratio(database.ledger, at) >= 1:
            return 0
    failing = service.evaluator.health.failing_slis()
    chunks = len(list(backfill.chunks(at)))
    if sys.stderr.isatty():
        return _with_bar(service, at, chunks, failing)
    report = _PlainLines(chunks)
    written = backfill.run(at, skip=failing, on_chunk=report)
    if written:
        say(f"history: {written:,} slices filled")
    return written


def _with_bar(service: Service, at: datetime, chunks: int, failing: frozenset[str]) -> int:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("filling history, newest first", total=chunks)
        return service.evaluator.backfill.run(at, skip=failing, on_chunk=lambda _chunk, _slices: progress.advance(task))


class _PlainLines:
    """Says how far it is, at most every few seconds."""

    def __init__(self, chunks: int) -> None:
        self._chunks = chunks
        self._done = 0
        self._said = time.monotonic()

    def __call__(self, _chunk: Interval, _slices: int) -> None:
        self._done += 1
        if time.monotonic() - self._said >= _QUIET_SECONDS:
            self._said = time.monotonic()
            say(f"history: {self._done} of {self._chunks} days looked at")
