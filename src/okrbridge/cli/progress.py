"""Progress of long work: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from okrbridge.cli.output import say

if TYPE_CHECKING:
    from okrbridge.application.backfill import Backfill, Filled
    from okrbridge.domain.windows import Interval

_QUIET_SECONDS = 5.0

OnChunk = Callable[["Interval", int], None]


@dataclass(frozen=True)
class Wanted:
    """What history is filled.

    Attributes:
        at: where it ends.
        since: where it begins; None for what the definitions need.
        again: whether slices that were answered are asked for again.
        skip: keys of SLIs to leave alone.
    """

    at: datetime
    since: datetime | None = None
    again: bool = False
    skip: Collection[str] = ()


def fill_with_progress(
    backfill: Backfill,
    wanted: Wanted,
    keep_going: Callable[[], bool] = lambda: True,
    *,
    is_shown: bool = True,
) -> Filled:
    """Fill history and show how far it is.

    Args:
        keep_going: asked before each chunk.
        is_shown: False shows nothing.
    """
    oldest = backfill.oldest_wanted(wanted.at, wanted.since, again=wanted.again)
    with _shown(wanted.at - oldest, is_shown=is_shown) as on_chunk:
        return backfill.run(
            wanted.at, keep_going, skip=wanted.skip, since=wanted.since, again=wanted.again, on_chunk=on_chunk
        )


@contextmanager
def _shown(length: timedelta, *, is_shown: bool) -> Iterator[OnChunk]:
    if not is_shown or not length:
        yield lambda _chunk, _slices: None
    elif sys.stderr.isatty():
        with _bar(length) as on_chunk:
            yield on_chunk
    else:
        yield _PlainLines(length)


@contextmanager
def _bar(length: timedelta) -> Iterator[OnChunk]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("filling history, newest first", total=length.total_seconds())

        def advance(chunk: Interval, _slices: int) -> None:
            back_to = f"filling history, back to {chunk.start:%Y-%m-%d %H:%M}"
            progress.update(task, advance=chunk.length.total_seconds(), description=back_to)

        yield advance


@dataclass
class _PlainLines:
    """Says how far it is, at most every few seconds."""

    length: timedelta
    _done: timedelta = timedelta(0)
    _said: float = field(default_factory=time.monotonic)

    def __call__(self, chunk: Interval, _slices: int) -> None:
        self._done += chunk.length
        if time.monotonic() - self._said >= _QUIET_SECONDS:
            self._said = time.monotonic()
            say(f"history: {self._done / self.length:.0%} looked at, back to {chunk.start:%Y-%m-%dT%H:%M:%SZ}")
