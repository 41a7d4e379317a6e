"""What people ticked on checklists.

The audit log is the record: it holds every tick and every tick taken back, with who and when, and nothing in it is
ever changed. The newest entry of an item says whether it is ticked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from okrbridge.application.access_ports import AuditEntry, JsonObject
from okrbridge.application.audit import Change
from okrbridge.application.ports import Transaction
from okrbridge.application.reports import rfc3339

KIND = "ChecklistItem"
_ENTRIES_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick that stands.

    Attributes:
        by: the name of the token.
        note: what was said with it; may be empty.
    """

    by: str
    at: datetime
    note: str = ""


Ticks = Mapping[str, Mapping[str, Tick]]
"""Ticks by name of list, then by name of item."""


def list_name(checklist: str, subject: str) -> str:
    """What a checklist is called in the audit log; an item of it is called so, a slash and its own name."""
    return f"{checklist}/{subject}"


def ticks_of(transaction: Transaction) -> Ticks:
    """Every tick that stands."""
    newest: dict[str, AuditEntry] = {}
    for entry in _entries(transaction):
        newest.setdefault(entry.name, entry)
    found: dict[str, dict[str, Tick]] = {}
    for entry in newest.values():
        own, _, item = entry.name.rpartition("/")
        tick = _tick(entry)
        if tick is not None:
            found.setdefault(own, {})[item] = tick
    return found


def tick_change(name: str, before: Tick | None, after: Tick | None) -> Change:
    """Ticking, or taking a tick back, for the audit log."""
    return Change("tick" if after else "untick", KIND, name, _json(before), _json(after))


def _entries(transaction: Transaction) -> Iterator[AuditEntry]:
    """The newest first."""
    found = transaction.audit.newest(kind=KIND, limit=_ENTRIES_AT_ONCE)
    while found:
        yield from found
        found = transaction.audit.newest(kind=KIND, limit=_ENTRIES_AT_ONCE, before=found[-1].number)


def _tick(entry: AuditEntry) -> Tick | None:
    return None if entry.after is None else Tick(entry.by, entry.at, str(entry.after["note"]))


def _json(tick: Tick | None) -> JsonObject | None:
    return None if tick is None else {"by": tick.by, "at": rfc3339(tick.at), "note": tick.note}
