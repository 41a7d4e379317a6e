"""Which documents are known: by apiVersion and kind."""

from __future__ import annotations

from collections.abc import Mapping

from okrbridge.definitions.nodes import Document, Path, shortened
from okrbridge.definitions.okr import OKRBRIDGE, CycleDocument, ObjectiveDocument
from okrbridge.definitions.openslo import (
    OPENSLO,
    AlertDocument,
    DataSourceDocument,
    ServiceDocument,
    SliDocument,
    SloDocument,
)
from okrbridge.definitions.release import NOT_YET
from okrbridge.definitions.shapes import Shape
from okrbridge.definitions.suggestions import did_you_mean
from okrbridge.errors import Fault

_KINDS: Mapping[str, Mapping[str, type[Shape]]] = {
    OPENSLO: {
        "DataSource": DataSourceDocument,
        "Service": ServiceDocument,
        "SLI": SliDocument,
        "SLO": SloDocument,
        "AlertPolicy": AlertDocument,
        "AlertCondition": AlertDocument,
        "AlertNotificationTarget": AlertDocument,
    },
    OKRBRIDGE: {"Cycle": CycleDocument, "Objective": ObjectiveDocument},
}
_LATER_KINDS = ("Team", "Indicator", "MaintenanceWindow", "BurnPolicy", "StatusPolicy", "GatePolicy")
_LATER_VERSIONS = {
    "prometheus/v1": "Sloth documents",
    "sloth.slok.dev/v1": "Sloth documents",
    "pyrra.dev/v1alpha1": "Pyrra documents",
}


def document_shapes() -> tuple[type[Shape], ...]:
    """The models of all documents, each once."""
    return tuple(dict.fromkeys(shape for kinds in _KINDS.values() for shape in kinds.values()))


def shape_of(document: Document, faults: list[Fault]) -> type[Shape] | None:
    """The model of a document; None, with a fault, when there is none for its apiVersion and kind."""
    if document.text("version") == "prometheus/v1" and document.get("slos") is not None:
        faults.append(document.fault(("version",), f"Sloth documents are {NOT_YET}", "unsupported"))
        return None
    if _lacks_text(document, "apiVersion", faults) or _lacks_text(document, "kind", faults):
        return None
    version, kind = document.text("apiVersion"), document.text("kind")
    if found := _KINDS.get(version, {}).get(kind):
        return found
    path, message, code = _reason(version, kind)
    faults.append(document.fault(path, message, code))
    return None


def _lacks_text(document: Document, key: str, faults: list[Fault]) -> bool:
    if document.text(key):
        return False
    if document.node((key,)) is None:
        faults.append(document.fault((key,), "is missing", "missing_key"))
    else:
        faults.append(document.fault((key,), "must be text", "wrong_type"))
    return True


def _reason(version: str, kind: str) -> tuple[Path, str, str]:
    if version in _LATER_VERSIONS:
        return ("apiVersion",), f"{_LATER_VERSIONS[version]} are {NOT_YET}", "unsupported"
    if version == OKRBRIDGE and kind in _LATER_KINDS:
        return ("kind",), f"{kind} documents are {NOT_YET}", "unsupported"
    if version in _KINDS:
        return ("kind",), f"{shortened(kind)} is no kind of {version}{_kind_hint(version, kind)}", "unknown_kind"
    if version.startswith("openslo"):
        return ("apiVersion",), f"{shortened(version)} is not supported; write {OPENSLO}", "unknown_kind"
    hint = did_you_mean(version, (*_KINDS, *_LATER_VERSIONS)) or f"; known are {' and '.join(_KINDS)}"
    return ("apiVersion",), f"{shortened(version)} is not known{hint}", "unknown_kind"


def _kind_hint(version: str, kind: str) -> str:
    elsewhere = [other for other, kinds in _KINDS.items() if kind in kinds]
    if elsewhere:
        return f"; {kind} belongs to apiVersion {elsewhere[0]}"
    known = _KINDS[version]
    return did_you_mean(kind, (*known, *_LATER_KINDS)) or f"; known are {', '.join(known)}"
