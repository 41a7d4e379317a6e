"""Annotations: what happened beside a graph, in one form fit for Grafana."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from okrbridge.application.check_ins import TRADE_OFF
from okrbridge.application.okr_records import Event
from okrbridge.application.ports import Transaction
from okrbridge.application.records import DefinitionRevision, ProgressRecord
from okrbridge.application.recurrence import occurrences
from okrbridge.application.reports import Item, rfc3339
from okrbridge.application.visibility import Sight
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResult
from okrbridge.domain.windows import Interval

TOLD = ("deploy", "incident", "maintenance", "game_day", "release", "rollback", "definition_change", TRADE_OFF)
"""Kinds of events that are annotations unless others are asked for; sign-ups and answers are counted, not told."""
MOST = 1_000
MOST_RECORDS = 11_000


@dataclass(frozen=True, slots=True)
class AskedAnnotations:
    """What is asked for.

    Attributes:
        kinds: of events; empty for the usual ones.
        service: events of this one alone; empty for all.
        key_result: whose status changes are told; None for none.
    """

    interval: Interval
    kinds: tuple[str, ...] = ()
    service: str = ""
    key_result: KeyResult | None = None


def annotation_items(
    database: Transaction, definitions: DefinitionSet, sight: Sight, asked: AskedAnnotations
) -> list[Item]:
    """What happened in an interval, ascending: events, maintenance, status changes, definition changes.

    Args:
        definitions: as the caller sees them.
        sight: the caller's; events about what is hidden are left out.
    """
    found = [_of_event(one) for one in _events(database, asked) if sight.shows_event(one)]
    if not asked.kinds:
        found += [*_maintenance(definitions, asked.interval), *_definition_changes(database, definitions, asked)]
        if asked.key_result is not None:
            records = database.progress.history(asked.key_result.id, asked.interval, MOST_RECORDS)
            found += _status_changes(asked.key_result, records)
    return sorted(found, key=lambda one: (str(one["time"]), str(one["title"])))[-MOST:]


def _events(database: Transaction, asked: AskedAnnotations) -> Iterable[Event]:
    events = database.events.overlapping(asked.interval, asked.kinds or TOLD, MOST)
    return (one for one in events if asked.service in ("", one.service))


def _of_event(event: Event) -> Item:
    tags = [event.kind, *filter(None, (event.service, event.severity, event.source))]
    text = event.attributes.get("note") or event.url
    item = _item(event.kind, event.title or event.kind, str(text or ""), tags)
    return {**item, "time": rfc3339(event.start), "timeEnd": rfc3339(event.end), "url": event.url or None}


def _maintenance(definitions: DefinitionSet, interval: Interval) -> Iterable[Item]:
    for window in definitions.maintenance:
        for time in occurrences(window, interval):
            item = _item("maintenance", window.title or window.name, str(window.reason), ["maintenance", window.name])
            yield {**item, "time": rfc3339(time.start), "timeEnd": rfc3339(time.end)}


def _definition_changes(database: Transaction, definitions: DefinitionSet, asked: AskedAnnotations) -> Iterable[Item]:
    wanted = asked.key_result.objective if asked.key_result else None
    for objective in definitions.objectives:
        if wanted in (None, objective.name):
            revisions = database.definitions.revisions("Objective", objective.name)
            yield from _of_revisions(objective.name, revisions, asked.interval)


def _of_revisions(name: str, revisions: Sequence[DefinitionRevision], interval: Interval) -> Iterable[Item]:
    for revision in revisions[1:]:
        if revision.at in interval:
            title = f"definition of {name} changed"
            item = _item("definition_change", title, f"revision {revision.number}", ["definition_change", name])
            yield {**item, "time": rfc3339(revision.at)}


def _status_changes(key_result: KeyResult, records: Sequence[ProgressRecord]) -> Iterable[Item]:
    for before, now in pairwise(records):
        if before.shown is not now.shown:
            text = f"{before.shown} to {now.shown}"
            item = _item("status_change", f"{key_result.id}: {now.shown}", text, ["status_change", key_result.id])
            yield {**item, "time": rfc3339(now.at)}


def _item(kind: str, title: str, text: str, tags: Sequence[str]) -> Item:
    return {"time": None, "timeEnd": None, "kind": kind, "title": title, "text": text, "tags": list(tags), "url": None}
