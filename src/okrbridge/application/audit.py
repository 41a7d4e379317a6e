"""The audit log: who wrote what, when, why, and what it was before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from okrbridge.application.access_ports import AuditEntry, Caller, JsonObject
from okrbridge.application.ports import Transaction
from okrbridge.application.reports import Item, rfc3339

LONGEST_REASON = 2_000


@dataclass(frozen=True, slots=True)
class Change:
    """What a write does to one object.

    Attributes:
        action: create, update, delete, check_in, close, …
        kind, name: of the object.
        before, after: the object as it was and as it is, in JSON; None where there is none.
        why: the reason that was given; empty when none was.
    """

    action: str
    kind: str
    name: str
    before: JsonObject | None = None
    after: JsonObject | None = None
    why: str = ""


def record_change(
    transaction: Transaction, caller: Caller, change: Change, at: datetime, request_id: str = ""
) -> AuditEntry:
    """Record a write in the transaction that does it, so that neither is ever kept without the other.

    Raises:
        ValueError: the objects hold a number that is not finite, or the reason is longer than 2,000 characters;
            requests are checked for both before.
    """
    if len(change.why) > LONGEST_REASON:
        raise ValueError(f"a reason of {len(change.why)} characters; {LONGEST_REASON} at most")
    entry = AuditEntry(
        at=at,
        by=caller.name,
        role=caller.role or "",
        action=change.action,
        kind=change.kind,
        name=change.name,
        before=change.before,
        after=change.after,
        why=change.why,
        request_id=request_id,
    )
    return transaction.audit.add(entry)


def audit_item(entry: AuditEntry) -> Item:
    """An entry in the form of ``GET /audit``."""
    return {
        "number": entry.number,
        "at": rfc3339(entry.at),
        "by": entry.by,
        "role": entry.role,
        "action": entry.action,
        "kind": entry.kind,
        "name": entry.name,
        "before": entry.before,
        "after": entry.after,
        "why": entry.why,
        "request_id": entry.request_id,
    }
