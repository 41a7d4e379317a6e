"""From documents to one checked set of definitions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from okrbridge.definitions.annotations import check_annotations
from okrbridge.definitions.documents import UNREADABLE_VALUE
from okrbridge.definitions.findings import Findings, Spot
from okrbridge.definitions.foreign import foreign_declarations, foreign_slos, is_foreign
from okrbridge.definitions.indicator_conversion import sli_of
from okrbridge.definitions.key_results import objective_of
from okrbridge.definitions.kinds import shape_of
from okrbridge.definitions.maintenance import MaintenanceWindowDocument, maintenance_of
from okrbridge.definitions.nodes import Document
from okrbridge.definitions.okr import CycleDocument, ObjectiveDocument
from okrbridge.definitions.openslo import (
    AlertDocument,
    DataSourceDocument,
    ServiceDocument,
    SliDocument,
    SloDocument,
)
from okrbridge.definitions.periods import cycle_of
from okrbridge.definitions.references import check_parents, check_references, collect_names
from okrbridge.definitions.shape_reading import read_shape
from okrbridge.definitions.shapes import Shape
from okrbridge.definitions.slo_conversion import NO_ALERTS, data_source_of, slos_of
from okrbridge.domain.definition_set import DataSource, DeclaredDocument, DefinitionSet
from okrbridge.domain.maintenance import MaintenanceWindow
from okrbridge.domain.okr import Cycle, OkrObjective
from okrbridge.domain.sli import Sli
from okrbridge.domain.slo import Slo
from okrbridge.errors import Fault

_REFERRED = (DataSourceDocument, ServiceDocument, SliDocument, CycleDocument, MaintenanceWindowDocument, AlertDocument)
"""What other documents refer to, or nothing refers to and nothing comes of."""
_Read = tuple[int, Document, type[Shape]]
"""A document with its number in reading order and its model."""


@dataclass(slots=True)
class _Parts:
    """The definitions found so far."""

    sources: list[DataSource] = field(default_factory=list)
    slis: dict[str, Sli] = field(default_factory=dict)
    slos: list[Slo] = field(default_factory=list)
    cycles: dict[str, Cycle] = field(default_factory=dict)
    objectives: list[OkrObjective] = field(default_factory=list)
    maintenance: dict[str, MaintenanceWindow] = field(default_factory=dict)
    declared: dict[int, tuple[DeclaredDocument, ...]] = field(default_factory=dict)


def resolve(documents: list[Document], unread: Sequence[str], findings: Findings) -> DefinitionSet:
    """Check documents against their models and against each other.

    Args:
        documents: in reading order; the list is emptied, so that what each becomes can take the memory of the last.
        unread: texts after a fault that ended the reading of a file.
        findings: takes all faults and warnings; the result is only of use when there are no faults.
    """
    shapes = [(document, shape) for document in documents if (shape := shape_of(document, findings.faults))]
    documents.clear()
    read: list[_Read] = [(number, *shaped) for number, shaped in enumerate(shapes)]
    del shapes
    _check_together([document for _, document, _ in read], unread, findings)
    parts = _convert(read, findings)
    return DefinitionSet(
        sources=tuple(parts.sources),
        slos=tuple(parts.slos),
        cycles=tuple(parts.cycles.values()),
        objectives=tuple(parts.objectives),
        maintenance=tuple(parts.maintenance.values()),
        documents=tuple(one for _, several in sorted(parts.declared.items()) for one in several)
        if not findings.faults
        else (),
    )


def _check_together(documents: Sequence[Document], unread: Sequence[str], findings: Findings) -> None:
    """What can be told of documents without their models."""
    names = collect_names(documents, findings.faults)
    findings.faults.extend(check_references(documents, names, unread))
    findings.faults.extend(check_parents(documents))
    for document in documents:
        findings.faults.extend(check_annotations(document))


def _convert(read: list[_Read], findings: Findings) -> _Parts:
    """Documents in two passes: first what others refer to. Of the others, which are many, each is let go in turn."""
    parts = _Parts()
    referred = [each for each in read if issubclass(each[2], _REFERRED)]
    others = [each for each in reversed(read) if not issubclass(each[2], _REFERRED)]
    read.clear()
    for each in referred:
        _convert_one(each, parts, findings)
    while others:
        _convert_one(others.pop(), parts, findings)
    if not findings.faults:
        _warn_of_idle_maintenance(referred, parts, findings)
    return parts


def _convert_one(read: _Read, parts: _Parts, findings: Findings) -> None:
    number, document, shape = read
    model = read_shape(document, shape, findings.faults)
    if model is None:
        return
    spot = Spot(document, (), findings)
    if isinstance(model, _REFERRED):
        _convert_referred(spot, model, parts)
    elif isinstance(model, SloDocument):
        parts.slos.extend(slos_of(spot, model, parts.slis))
    elif isinstance(model, ObjectiveDocument):
        parts.objectives.append(objective_of(spot, model, parts.cycles))
    else:
        parts.slos.extend(foreign_slos(spot, model))
    if not findings.faults:
        parts.declared[number] = tuple(_declared(document))


def _convert_referred(spot: Spot, model: Shape, parts: _Parts) -> None:
    if isinstance(model, DataSourceDocument):
        parts.sources.append(data_source_of(spot, model))
    elif isinstance(model, SliDocument) and (sli := sli_of(spot.at("spec"), model.spec, model.metadata.name)):
        parts.slis[sli.name] = sli
    elif isinstance(model, CycleDocument) and (cycle := cycle_of(spot, model)):
        parts.cycles[cycle.name] = cycle
    elif isinstance(model, MaintenanceWindowDocument) and (window := maintenance_of(spot, model)):
        parts.maintenance[window.name] = window
    elif isinstance(model, AlertDocument):
        spot.at("kind").warn(NO_ALERTS, "alerts_not_sent")


def _warn_of_idle_maintenance(read: Sequence[_Read], parts: _Parts, findings: Findings) -> None:
    """A maintenance window that is for no SLO has most likely a slip in a service or a label."""
    for _, document, shape in read:
        if issubclass(shape, MaintenanceWindowDocument):
            window = parts.maintenance.get(document.text("metadata", "name"))
            if window is not None and not any(window.applies_to(slo) for slo in parts.slos):
                message = "is for no SLO: none has these names, services and labels together"
                Spot(document, ("spec",), findings).warn(message, "maintenance_of_nothing")


def _declared(document: Document) -> Iterator[DeclaredDocument]:
    """The document as declared; another tool's document once for each of its SLOs."""
    if is_foreign(document):
        for name, value in foreign_declarations(document):
            yield DeclaredDocument("SLO", name, _canonical(value), document.place)
    else:
        name = document.text("metadata", "name")
        yield DeclaredDocument(document.text("kind"), name, _canonical(document.value), document.place)


def _canonical(value: Mapping[str, object]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def sorted_once(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Findings in reading order, each once; a value that could not be read gets no second fault for what it is not."""
    unreadable = {_place(fault) for fault in faults if fault.code == UNREADABLE_VALUE}
    told = (fault for fault in faults if fault.code == UNREADABLE_VALUE or _place(fault) not in unreadable)
    return tuple(sorted(dict.fromkeys(told)))


def _place(fault: Fault) -> tuple[str, int, int, str]:
    return fault.file, fault.line, fault.column, fault.path
