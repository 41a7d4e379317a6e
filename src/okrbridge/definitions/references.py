"""Names across documents: each declared once, each reference pointing at something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from okrbridge.definitions.foreign import foreign_slo_names, is_foreign
from okrbridge.definitions.nodes import Document, Path
from okrbridge.definitions.slo_conversion import slo_names
from okrbridge.definitions.suggestions import did_you_mean
from okrbridge.domain.definition_set import DEFAULT_SOURCE
from okrbridge.errors import Fault

_RATIO = ("ratioMetric", "*", "metricSource", "metricSourceRef")
_THRESHOLD = ("thresholdMetric", "metricSource", "metricSourceRef")
_OWN = ("spec", "objectives", "*")
_REFERENCES: Mapping[str, tuple[tuple[Path, str], ...]] = {
    "SLO": (
        (("spec", "indicatorRef"), "SLI"),
        (("spec", "indicator", "spec", *_RATIO), "DataSource"),
        (("spec", "indicator", "spec", *_THRESHOLD), "DataSource"),
        ((*_OWN, "indicatorRef"), "SLI"),
        ((*_OWN, "indicator", "spec", *_RATIO), "DataSource"),
        ((*_OWN, "indicator", "spec", *_THRESHOLD), "DataSource"),
    ),
    "SLI": ((("spec", *_RATIO), "DataSource"), (("spec", *_THRESHOLD), "DataSource")),
    "MaintenanceWindow": ((("spec", "slos", "*"), "SLO"),),
    "Objective": (
        (("spec", "cycle"), "Cycle"),
        (("spec", "parent"), "Objective"),
        (("spec", "keyResults", "*", "measure", "slo"), "SLO"),
        (("spec", "keyResults", "*", "measure", "source"), "DataSource"),
    ),
}
"""Where a document of a kind names a document of another kind."""


@dataclass(slots=True)
class Names:
    """All names in what was given, by kind, with the place of each."""

    by_kind: dict[str, dict[str, str]] = field(default_factory=dict)

    def of(self, kind: str) -> Mapping[str, str]:
        """Names of one kind and their places."""
        return self.by_kind.get(kind, {})

    def add(self, kind: str, name: str, place: str) -> str | None:
        """Note a name; the place of the first one when it is taken."""
        names = self.by_kind.setdefault(kind, {})
        if name in names:
            return names[name]
        names[name] = place
        return None


def collect_names(documents: Sequence[Document], faults: list[Fault]) -> Names:
    """The names that documents declare, faulty documents included; a name declared twice is a fault."""
    names = Names()
    for document in documents:
        kind = "SLO" if is_foreign(document) else document.text("kind")
        for name, path in _declared(document, kind):
            line, _ = document.position(path)
            first = names.add(kind, name, f"{document.file}:{line}") if name else None
            if first is not None:
                message = f"another {kind} is named {name!r}, at {first}"
                faults.append(document.fault(path, message, "duplicate_name"))
    return names


def _declared(document: Document, kind: str) -> list[tuple[str, Path]]:
    if is_foreign(document):
        return foreign_slo_names(document)
    if kind == "SLO":
        return slo_names(document)
    return [(document.text("metadata", "name"), ("metadata", "name"))]


def check_references(documents: Sequence[Document], names: Names, unread: Sequence[str]) -> Iterator[Fault]:
    """A fault for each reference that points nowhere.

    Args:
        documents: all documents, faulty ones included.
        names: what they declare.
        unread: texts that could not be read; a name that occurs in one of them may well be declared there.
    """
    for document in documents:
        for pattern, kind in _REFERENCES.get(document.text("kind"), ()):
            for path, value in document.matching(pattern):
                if isinstance(value, str) and value.strip() and not _is_known(value, kind, names, unread):
                    hint = did_you_mean(value, names.of(kind)) or _remedy(kind, names)
                    message = f"there is no {kind} named {value!r}{hint}"
                    yield document.fault(path, message, "dangling_reference")


def _is_known(name: str, kind: str, names: Names, unread: Sequence[str]) -> bool:
    if name in names.of(kind) or (kind == "DataSource" and name == DEFAULT_SOURCE):
        return True
    return any(name in text for text in unread)


def _remedy(kind: str, names: Names) -> str:
    if kind == "DataSource":
        return f"; declare it, or write {DEFAULT_SOURCE} for the default source"
    known = sorted(names.of(kind))[:5]
    return f"; there is {', '.join(known)}" if known else f"; add a document of kind {kind}"


def check_parents(documents: Sequence[Document]) -> Iterator[Fault]:
    """A fault for each ring of objectives that are parents of each other, at its first member."""
    objectives = {each.text("metadata", "name"): each for each in documents if each.text("kind") == "Objective"}
    parents = {name: document.text("spec", "parent") for name, document in objectives.items()}
    told: set[str] = set()
    for name, document in objectives.items():
        ring = _ring_from(name, parents)
        if ring and ring[0] == name and name not in told:
            told.update(ring)
            way = " -> ".join((*ring, name))
            yield document.fault(("spec", "parent"), f"objectives are parents of each other: {way}", "parent_ring")


def _ring_from(name: str, parents: Mapping[str, str]) -> list[str]:
    """The ring that a walk from a name to its parents comes back into; empty when it ends."""
    walked: list[str] = []
    current = name
    while current in parents:
        if current in walked:
            return walked[walked.index(current) :]
        walked.append(current)
        current = parents[current]
    return []
