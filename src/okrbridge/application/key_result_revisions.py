"""Revisions of a key result: what it promised before, and why that changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

from okrbridge.application.cycles.rules import changes_between
from okrbridge.application.records import DefinitionRevision
from okrbridge.application.reports import Item, rfc3339


def revision_items(key_result: str, revisions: Sequence[DefinitionRevision]) -> list[Item]:
    """The changes of what a key result promises, ascending; from files and over HTTP alike.

    Args:
        key_result: its name inside the objective.
        revisions: of its objective's document, oldest first.
    """
    known = [one for one in revisions if one.content is not None]
    found = []
    for before, after in pairwise(known):
        changes = changes_between(json.loads(before.content or "{}"), json.loads(after.content or "{}"))
        for change in changes:
            if change.key_result == key_result:
                reason = change.revision or {}
                found.append(
                    {
                        "number": after.number,
                        "at": rfc3339(after.at),
                        "reason": reason.get("reason"),
                        "note": reason.get("note"),
                        "before": change.before,
                        "after": change.after,
                    }
                )
    return found
