"""What people state about a key result, and what a composite is made of."""

from __future__ import annotations

from collections.abc import Callable

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.key_result_shapes import KeyResultSpec
from okrbridge.definitions.periods import instant
from okrbridge.domain.key_results import Evidence, KeyResultKind, Part

_ZONES = ("fail", "commit", "target", "stretch")


def parts_of(spec: KeyResultSpec, full: Callable[[str], str]) -> tuple[Part, ...]:
    """The parts of a composite, by their full names."""
    return tuple(Part(full(part.key_result), part.weight) for part in spec.parts)


def zones_of(spec: KeyResultSpec) -> tuple[tuple[str, str], ...]:
    """The zones of an ordinal that are described, worst first."""
    if spec.zones is None:
        return ()
    texts = ((zone, getattr(spec.zones, zone)) for zone in _ZONES)
    return tuple((zone, text) for zone, text in texts if text)


def evidence_of(spec: KeyResultSpec, timezone: str) -> Evidence | None:
    """What shows that a milestone was reached."""
    if spec.evidence is None:
        return None
    return Evidence(spec.evidence.url, instant(spec.evidence.reached_at, timezone))


def stated_fits(spot: Spot, spec: KeyResultSpec, kind: KeyResultKind) -> bool:
    """Whether what people state is complete and has no rival; if not, a fault."""
    if kind is KeyResultKind.MILESTONE:
        return _is_shown(spot, spec)
    if kind is KeyResultKind.COMPOSITE:
        return _has_parts(spot, spec)
    key, value = ("zone", spec.zone) if kind is KeyResultKind.ORDINAL else ("done", spec.done)
    if spec.measure is None or value is None:
        return True
    spot.at(key).fault("goes without measure: either people say it or it is measured", "does_not_belong", of_key=True)
    return False


def _is_shown(spot: Spot, spec: KeyResultSpec) -> bool:
    if spec.done and spec.evidence is None:
        message = "is missing: a milestone is reached when something shows it; write {url: ..., reachedAt: ...}"
        spot.at("evidence").fault(message, "no_evidence")
        return False
    if spec.done is False and spec.evidence is not None:
        spot.at("done").fault("contradicts evidence, which shows that it was reached", "wrong_value")
        return False
    return True


def _has_parts(spot: Spot, spec: KeyResultSpec) -> bool:
    if spec.measure is not None:
        spot.at("measure").fault("a composite is measured by its parts; remove it", "does_not_belong", of_key=True)
        return False
    if not spec.parts:
        spot.at("parts").fault("is missing; name the key results it is made of", "missing_key")
        return False
    seen: set[str] = set()
    for index, part in enumerate(spec.parts):
        if part.key_result in seen:
            spot.at("parts", index, "keyResult").fault("is named twice; give it one weight", "duplicate_name")
            return False
        seen.add(part.key_result)
    if not any(part.weight for part in spec.parts):
        spot.at("parts").fault("have no weight; at least one must be above 0", "wrong_value")
        return False
    return True
