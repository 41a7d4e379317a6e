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
_KEY_RESULT = ("spec", "keyResults", "*")
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
    "Cycle": ((("spec", "parent"), "Cycle"), (("spec", "statusPolicy"), "StatusPolicy")),
    "Team": ((("spec", "parent"), "Team"),),
    "Objective": (
        (("spec", "cycle"), "Cycle"),
        (("spec", "parent"), "Objective"),
        ((*_KEY_RESULT, "measure", "slo"), "SLO"),
        ((*_KEY_RESULT, "measure", "source"), "DataSource"),
        ((*_KEY_RESULT, "measure", "indicator"), "Indicator"),
        ((*_KEY_RESULT, "indicator"), "Indicator"),
        ((*_KEY_RESULT, "outcome"), "Indicator"),
    ),
    "Indicator": (
        (("spec", "measure", "slo"), "SLO"),
        (("spec", "measure", "source"), "DataSource"),
        (("spec", "also", "*", "slo"), "SLO"),
        (("spec", "also", "*", "source"), "DataSource"),
    ),
    "Retrospective": ((("spec", "cycle"), "Cycle"), (("spec", "actions", "*", "carriedTo"), "Cycle")),
}
"""Where a document of a kind names a document of another kind."""


def source_patterns(kind: str) -> tuple[Path, ...]:
    """Where documents of a kind name data sources."""
    return tuple(pattern for pattern, named in _REFERENCES.get(kind, ()) if named == "DataSource")


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
            # What was made over HTTP has no lines.
            first = names.add(kind, name, f"{document.file}:{line}" if line else document.file) if name else None
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
