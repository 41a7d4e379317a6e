"""Which documents are known: by apiVersion and kind."""

from __future__ import annotations

from collections.abc import Mapping

from okrbridge.definitions.data_sources import VALUE_SOURCES, value_source_shape
from okrbridge.definitions.foreign import FOREIGN_KINDS, is_plain_sloth
from okrbridge.definitions.initiatives import InitiativeDocument
from okrbridge.definitions.maintenance import MaintenanceWindowDocument
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
from okrbridge.definitions.retrospectives import RetrospectiveDocument
from okrbridge.definitions.shapes import Shape
from okrbridge.definitions.sloth import SLOTH_KUBERNETES, PlainSlothDocument
from okrbridge.definitions.standing_indicators import IndicatorDocument
from okrbridge.definitions.status_policies import StatusPolicyDocument
from okrbridge.definitions.suggestions import did_you_mean
from okrbridge.definitions.teams import TeamDocument
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
    OKRBRIDGE: {
        "Cycle": CycleDocument,
        "Team": TeamDocument,
        "Objective": ObjectiveDocument,
        "Indicator": IndicatorDocument,
        "Initiative": InitiativeDocument,
        "Retrospective": RetrospectiveDocument,
        "MaintenanceWindow": MaintenanceWindowDocument,
        "StatusPolicy": StatusPolicyDocument,
    },
}
_LATER_KINDS = ("BurnPolicy", "GatePolicy")
_ALL_KINDS = {**_KINDS, **FOREIGN_KINDS}
_ALERT_WINDOWS = (
    "AlertWindows documents shape the alerts that Sloth makes and declare no SLO; keep them out of what okrbridge reads"
)


def document_shapes() -> tuple[type[Shape], ...]:
    """The models of okrbridge's own documents, each once; other tools describe theirs themselves."""
    shapes = (shape for kinds in _KINDS.values() for shape in kinds.values())
    return tuple(dict.fromkeys((*shapes, *VALUE_SOURCES.values())))


def shape_of(document: Document, faults: list[Fault]) -> type[Shape] | None:
    """The model of a document; None, with a fault, when there is none for its apiVersion and kind."""
    if is_plain_sloth(document):
        return PlainSlothDocument
    if _lacks_text(document, "apiVersion", faults) or _lacks_text(document, "kind", faults):
        return None
    version, kind = document.text("apiVersion"), document.text("kind")
    if found := _ALL_KINDS.get(version, {}).get(kind):
        return value_source_shape(document) or found
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
    if (version, kind) == (SLOTH_KUBERNETES, "AlertWindows"):
        return ("kind",), _ALERT_WINDOWS, "unsupported"
    if version == OKRBRIDGE and kind in _LATER_KINDS:
        return ("kind",), f"{kind} documents are {NOT_YET}", "unsupported"
    if version in _ALL_KINDS:
        return ("kind",), f"{shortened(kind)} is no kind of {version}{_kind_hint(version, kind)}", "unknown_kind"
    if version.startswith("openslo"):
        return ("apiVersion",), f"{shortened(version)} is not supported; write {OPENSLO}", "unknown_kind"
    hint = did_you_mean(version, _ALL_KINDS) or f"; known are {' and '.join(_KINDS)}"
    return ("apiVersion",), f"{shortened(version)} is not known{hint}", "unknown_kind"


def _kind_hint(version: str, kind: str) -> str:
    elsewhere = [other for other, kinds in _ALL_KINDS.items() if kind in kinds]
    if elsewhere:
        return f"; {kind} belongs to apiVersion {elsewhere[0]}"
    known = _ALL_KINDS[version]
    return did_you_mean(kind, (*known, *_LATER_KINDS)) or f"; known are {', '.join(known)}"
