"""Steps of the start, shown as a bar on a terminal and as plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Report = Callable[[float], None]
"""Told the share of a step that is done, 0..1."""


@contextmanager
def step(console: Console, title: str, *, measured: bool = False) -> Iterator[Report]:
    """Show a step while it runs, and how long it took when it is done.

    Args:
        measured: whether the step reports its share; otherwise only the time that passes is shown.
    """
    began = time.monotonic()
    if console.is_terminal:
        columns = [SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()]
        with Progress(*columns, *([BarColumn()] if measured else []), console=console, transient=True) as progress:
            task = progress.add_task(title, total=1.0 if measured else None)
            yield lambda share: progress.update(task, completed=share)
    else:
        say(console, f"{title} …")
        yield lambda _: None
    say(console, f"  done: {title} ({time.monotonic() - began:.1f} s)")


def say(console: Console, line: str, style: str | None = None) -> None:
    """Print one line as it is: no markup, no highlighting, no wrapping where output goes to a file."""
    console.print(line, style=style, markup=False, highlight=False, soft_wrap=not console.is_terminal)
