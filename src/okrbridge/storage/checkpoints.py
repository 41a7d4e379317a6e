"""SQLite's checkpoints, moved out of the commits: what was written goes from the ``-wal`` file into the database file.

Left to itself SQLite does this inside the commit that fills the ``-wal`` file, which then waits for the disk: up to
half a second every few ticks. A passive checkpoint waits for nobody and holds nobody up, so a thread does it meanwhile.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

WAL_PAGES_AT_MOST = 8000
"""From so many pages (32 MB) on SQLite checkpoints by itself: when the thread cannot keep up."""

_ENOUGH_BYTES = 2**20
_SECONDS_APART = 2.0


class Checkpoints:
    """Checkpoints of one SQLite file, one at a time, each in a thread that ends with it; usable from any thread."""

    def __init__(self, engine: Engine, file: Path) -> None:
        self._engine = engine
        self._wal = file.with_name(file.name + "-wal")
        self._lock = threading.Lock()
        self._running: threading.Thread | None = None
        self._last = float("-inf")

    def after_commit(self) -> None:
        """Begin a checkpoint when there is enough to do, and the last one is done and some seconds old."""
        with self._lock:
            busy = self._running is not None and self._running.is_alive()
            if busy or time.monotonic() - self._last < _SECONDS_APART or not self._is_long():
                return
            self._last = time.monotonic()
            self._running = threading.Thread(target=self._checkpoint, name="okrbridge-checkpoint", daemon=True)
            self._running.start()

    def finish(self) -> None:
        """Wait for the checkpoint that is being made, if any."""
        with self._lock:
            running = self._running
        if running is not None:
            running.join()

    def _is_long(self) -> bool:
        try:
            return self._wal.stat().st_size >= _ENOUGH_BYTES
        except OSError:  # closed by the last connection, which does a checkpoint itself
            return False

    def _checkpoint(self) -> None:
        # What fails here fails nobody: it is tried again after the next commit, and a broken disk fails that one.
        with suppress(SQLAlchemyError, sqlite3.Error), closing(self._engine.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
