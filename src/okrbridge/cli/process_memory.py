"""How a process that stays treats its memory."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

_M_ARENA_MAX = -8  # from glibc's malloc.h


def keep_one_arena() -> None:
    """Let all threads take memory from one arena, where the C library is glibc.

    Each thread would get its own, and hold on to the most it ever needed: with 10,000 SLOs 25 MiB more. One arena makes
    threads wait for each other only outside the interpreter's lock, in which they wait anyway.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_M_ARENA_MAX, 1)


@contextmanager
def nothing_collected() -> Iterator[None]:
    """Make what stays, modules and definitions, without looking for garbage in it, now or ever.

    With ten thousand SLOs the collector would take a second of the start, and again some of every tick.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_enabled:
            gc.enable()
