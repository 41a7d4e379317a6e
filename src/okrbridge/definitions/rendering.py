"""Faults for a terminal: the line itself with a caret under the place."""

from __future__ import annotations

from pathlib import Path

from okrbridge.definitions.documents import MAX_BYTES, lines_of
from okrbridge.errors import Fault

_WIDEST = 160


def render(fault: Fault, source_line: str | None) -> str:
    """A fault as ``file:line:col: path: message``, followed by the line it speaks of and a caret.

    Args:
        fault: what to tell.
        source_line: the text of the fault's line; None when it cannot be shown.
    """
    if not source_line or not source_line.strip():
        return str(fault)
    column = min(max(fault.column, 1), len(source_line) + 1)
    start = max(0, column - _WIDEST // 2) if len(source_line) > _WIDEST else 0
    shown = source_line[start : start + _WIDEST]
    # Tabs stay tabs before the caret, so that both lines shift alike.
    margin = "".join("\t" if character == "\t" else " " for character in shown[: column - 1 - start])
    return f"{fault}\n  {shown.rstrip()}\n  {margin}^"


def source_line(fault: Fault, text: str | None = None) -> str | None:
    """The line a fault speaks of, from the text given or else from its file; None when there is no such line."""
    lines = lines_of(text) if text is not None else _lines_of_file(fault.file)
    return lines[fault.line - 1] if 0 < fault.line <= len(lines) else None


def _lines_of_file(name: str) -> list[str]:
    try:
        with Path(name).open("rb") as file:
            return lines_of(file.read(MAX_BYTES).decode(errors="replace").removeprefix("\ufeff"))
    except (OSError, ValueError):
        return []
