"""What may still be changed: free in preparation, with a reason in delivery, nothing when the cycle is over."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from okrbridge.application.cycles.phases import phase_of
from okrbridge.application.documents import Json
from okrbridge.domain.cycles import CyclePhase
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.errors import DefinitionError, Fault, OkrbridgeError

CONTROLLED = (
    "kind", "from", "baseline", "to", "stretch", "operator", "critical", "low", "high", "change", "share", "per",
    "tooEarlyShare", "requiredShare", "qualifying", "allowance", "effect", "measure", "minSamples", "parts", "bestOf",
    "start", "due", "checkpoints", "type",
)  # fmt: skip
"""Keys of a key result that say what is promised and how it is measured; the rest may change at any time."""
_DATES = ("start", "end", "timezone")
REASONS = "measurement_error, scope_change, baseline_set or typo"


class CycleClosedError(OkrbridgeError):
    """The cycle is over: what it was is not changed any more."""


class ReasonRequiredError(DefinitionError):
    """A promise was changed while its cycle runs, without saying why."""


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """A write of one document.

    Attributes:
        before, after: the document; None where there is none.
        why: the reason that was given for the write as a whole; empty for none.
    """

    kind: str
    before: Json | None
    after: Json | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class KeyResultChange:
    """What is different in a key result between two states of its objective.

    Attributes:
        before, after: the controlled keys that differ; a key that is missing is None.
        revision: why, as the new state says.
    """

    key_result: str
    before: Json
    after: Json
    revision: Json | None


def refuse_outside_its_phase(
    definitions: tuple[DefinitionSet, DefinitionSet], change: DocumentChange, at: datetime, closed: Collection[str]
) -> None:
    """Let a write pass that the phase of its cycle allows.

    Args:
        definitions: those in force, and those that would be.
        closed: names of the cycles that people closed.

    Raises:
        CycleClosedError: the cycle is in its retrospective or closed.
        ReasonRequiredError: in delivery, what a key result promises is changed without a reason.
    """
    before, after = change.before, change.after
    if change.kind == "Cycle":
        _refuse_cycle_change(definitions[0], change, at, closed)
    if change.kind != "Objective":
        return
    sides = zip(definitions, (before, after), strict=True)
    phases = [_phase(known, _cycle(one), at, closed) for known, one in sides if one]
    _refuse_when_over(phases, "its cycle")
    if before is not None and phases[0] is CyclePhase.DELIVERY:
        faults = list(_unexplained(before, after, change.why))
        if faults:
            raise ReasonRequiredError(faults)


def changes_between(before: Json, after: Json) -> list[KeyResultChange]:
    """How the key results of an objective differ in what they promise; a move to other dates counts for each."""
    old, new = _key_results(before), _key_results(after)
    moved = _cycle(before) != _cycle(after)
    found = []
    for name, now in new.items():
        was = old.get(name)
        keys = [] if was is None else [key for key in CONTROLLED if was.get(key) != now.get(key)]
        if was is None or not (keys or moved):
            continue
        cycles = ({"cycle": _cycle(before)}, {"cycle": _cycle(after)}) if moved else ({}, {})
        old_values, new_values = (
            {**cycle, **{key: one.get(key) for key in keys}} for cycle, one in zip(cycles, (was, now), strict=True)
        )
        revision = now.get("revision")
        reason = revision if isinstance(revision, dict) else None
        found.append(KeyResultChange(name, old_values, new_values, reason))
    return found


def _unexplained(before: Json, after: Json | None, why: str) -> Iterator[Fault]:
    file = f"http:Objective/{_name(before)}"
    names = list(_key_results(after)) if after else []
    gone = [name for name in _key_results(before) if name not in names]
    if gone and not why:
        message = f"the cycle runs: say why {', '.join(gone)} is removed in `why`, or set its state to dropped"
        yield Fault(file, 0, 0, "spec.keyResults" if after else "", message, "reason_required")
    for change in changes_between(before, after) if after else []:
        old = _key_results(before)[change.key_result].get("revision")
        if change.revision is None or change.revision == old:
            path = f"spec.keyResults[{names.index(change.key_result)}].revision"
            keys = ", ".join(change.after)
            message = f"the cycle runs and {keys} changes: give revision {{reason, note}} anew; reasons are {REASONS}"
            yield Fault(file, 0, 0, path, message, "reason_required")


def _refuse_cycle_change(known: DefinitionSet, change: DocumentChange, at: datetime, closed: Collection[str]) -> None:
    """A cycle that was closed stays as it is; one that has begun changes its dates with a reason alone."""
    if change.before is None:
        return
    cycle = known.cycle_by_name.get(_name(change.before))
    if cycle is None:
        return
    if cycle.closed or cycle.name in closed:
        raise CycleClosedError("the cycle is closed: it is not changed any more")
    if cycle.phase(at) is CyclePhase.PREPARATION or change.why:
        return
    old, new = _spec(change.before), _spec(change.after)
    moved = [key for key in _DATES if old.get(key) != new.get(key)] if change.after else ["it"]
    if moved:
        message = f"the cycle has begun: say in `why` for what reason {', '.join(moved)} changes"
        raise ReasonRequiredError([Fault(f"http:Cycle/{cycle.name}", 0, 0, "spec", message, "reason_required")])


def _refuse_when_over(phases: Sequence[CyclePhase | None], what: str) -> None:
    for phase in phases:
        if phase in (CyclePhase.RETROSPECTIVE, CyclePhase.CLOSED):
            state = "in its retrospective" if phase is CyclePhase.RETROSPECTIVE else "closed"
            raise CycleClosedError(f"{what} is {state}: what was promised in it is not changed any more")


def _phase(definitions: DefinitionSet, cycle: str, at: datetime, closed: Collection[str]) -> CyclePhase | None:
    found = definitions.cycle_by_name.get(cycle)
    return phase_of(found, at, closed) if found else None


def _name(document: Json) -> str:
    return str(document["metadata"]["name"])


def _cycle(document: Json) -> str:
    return str(_spec(document).get("cycle", ""))


def _spec(document: Json | None) -> Json:
    spec = document.get("spec") if document else None
    return spec if isinstance(spec, dict) else {}


def _key_results(document: Json | None) -> dict[str, Json]:
    """Key results by name, as the document says them; what is no key result is passed over."""
    found = _spec(document).get("keyResults")
    listed = found if isinstance(found, list) else []
    return {str(one["name"]): one for one in listed if isinstance(one, dict) and "name" in one}
