"""From documents to one checked set of definitions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from okrbridge.definitions.annotations import check_annotations
from okrbridge.definitions.data_sources import (
    CsvSourceDocument,
    HttpSourceDocument,
    SqlSourceDocument,
    value_source_of,
)
from okrbridge.definitions.documents import UNREADABLE_VALUE
from okrbridge.definitions.findings import Findings, Spot
from okrbridge.definitions.foreign import foreign_declarations, foreign_slos, is_foreign
from okrbridge.definitions.http_rules import refuse_over_http
from okrbridge.definitions.indicator_conversion import sli_of
from okrbridge.definitions.json_documents import HttpDocument
from okrbridge.definitions.kinds import shape_of
from okrbridge.definitions.maintenance import MaintenanceWindowDocument, maintenance_of
from okrbridge.definitions.nodes import Document
from okrbridge.definitions.okr_references import check_key_results, check_parents
from okrbridge.definitions.okr_resolution import okr_parts
from okrbridge.definitions.openslo import AlertDocument, DataSourceDocument, SliDocument, SloDocument
from okrbridge.definitions.references import check_references, collect_names
from okrbridge.definitions.shape_reading import read_shape
from okrbridge.definitions.shapes import Shape
from okrbridge.definitions.slo_conversion import NO_ALERTS, data_source_of, slos_of
from okrbridge.definitions.source_types import check_source_types
from okrbridge.domain.definition_set import DataSource, DeclaredDocument, DefinitionSet
from okrbridge.domain.maintenance import MaintenanceWindow
from okrbridge.domain.sli import Sli
from okrbridge.domain.slo import Slo
from okrbridge.errors import Fault

_Read = tuple[int, Document, type[Shape]]
"""A document with its number in reading order and its model."""
_Model = tuple[Spot, Shape]


@dataclass(slots=True)
class _Parts:
    """The definitions found so far.

    Attributes:
        models: of the documents that others refer to, and of those that refer to each other.
        declared: by the number in reading order.
    """

    sources: list[DataSource] = field(default_factory=list)
    slis: dict[str, Sli] = field(default_factory=dict)
    slos: list[Slo] = field(default_factory=list)
    maintenance: dict[str, MaintenanceWindow] = field(default_factory=dict)
    models: list[_Model] = field(default_factory=list)
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
    _check_together([document for _, document, _ in read], unread, findings.faults)
    parts = _convert(read, findings)
    okr = okr_parts(parts.models)
    if not findings.faults:
        _warn_of_idle_maintenance(parts)
    declared = [one for _, several in sorted(parts.declared.items()) for one in several]
    return DefinitionSet(
        sources=tuple(parts.sources),
        slos=tuple(parts.slos),
        cycles=tuple(okr.cycles.values()),
        objectives=tuple(okr.objectives),
        maintenance=tuple(parts.maintenance.values()),
        teams=tuple(okr.teams.values()),
        indicators=tuple(okr.indicators.values()),
        initiatives=tuple(okr.initiatives),
        retrospectives=tuple(okr.retrospectives),
        policies=okr.policies,
        documents=tuple(declared) if not findings.faults else (),
    )


def _check_together(documents: Sequence[Document], unread: Sequence[str], faults: list[Fault]) -> None:
    """What can be told of documents without their models, faulty ones included."""
    faults.extend(refuse_over_http(documents))
    names = collect_names(documents, faults)
    faults.extend(check_references(documents, names, unread))
    faults.extend(check_key_results(documents, unread))
    faults.extend(check_parents(documents))
    faults.extend(check_source_types(documents))
    for document in documents:
        faults.extend(check_annotations(document))


def _convert(read: list[_Read], findings: Findings) -> _Parts:
    """First what others refer to; then the SLOs, which are many, so that each document is let go in turn."""
    parts = _Parts()
    slos = [each for each in reversed(read) if _declares_slos(each)]
    others = [each for each in read if not _declares_slos(each)]
    read.clear()
    for number, document, shape in others:
        if model := _model_of(number, document, shape, parts, findings):
            parts.models.append((Spot(document, (), findings), model))
    for spot, model in parts.models:
        _convert_referred(spot, model, parts)
    while slos:
        number, document, shape = slos.pop()
        if model := _model_of(number, document, shape, parts, findings):
            parts.slos.extend(_slos_of(Spot(document, (), findings), model, parts.slis))
    return parts


def _declares_slos(read: _Read) -> bool:
    _, document, shape = read
    return issubclass(shape, SloDocument) or is_foreign(document)


def _model_of(number: int, document: Document, shape: type[Shape], parts: _Parts, findings: Findings) -> Shape | None:
    """A document as its model; what it declares is noted while nothing is faulty."""
    model = read_shape(document, shape, findings.faults)
    if not findings.faults:
        parts.declared[number] = tuple(_declared(document))
    return model


def _slos_of(spot: Spot, model: Shape, slis: Mapping[str, Sli]) -> Iterable[Slo]:
    return slos_of(spot, model, slis) if isinstance(model, SloDocument) else foreign_slos(spot, model)


def _convert_referred(spot: Spot, model: Shape, parts: _Parts) -> None:
    if isinstance(model, DataSourceDocument):
        parts.sources.append(data_source_of(spot, model))
    elif isinstance(model, SliDocument) and (sli := sli_of(spot.at("spec"), model.spec, model.metadata.name)):
        parts.slis[sli.name] = sli
    elif isinstance(model, SqlSourceDocument | HttpSourceDocument | CsvSourceDocument):
        parts.sources.append(value_source_of(spot, model))
    elif isinstance(model, MaintenanceWindowDocument) and (window := maintenance_of(spot, model)):
        parts.maintenance[window.name] = window
    elif isinstance(model, AlertDocument):
        spot.at("kind").warn(NO_ALERTS, "alerts_not_sent")


def _warn_of_idle_maintenance(parts: _Parts) -> None:
    """A maintenance window that is for no SLO has most likely a slip in a service or a label."""
    for spot, model in parts.models:
        if isinstance(model, MaintenanceWindowDocument):
            window = parts.maintenance.get(model.metadata.name)
            if window is not None and not any(window.applies_to(slo) for slo in parts.slos):
                message = "is for no SLO: none has these names, services and labels together"
                spot.at("spec").warn(message, "maintenance_of_nothing")


def _declared(document: Document) -> Iterator[DeclaredDocument]:
    """The document as declared; another tool's document once for each of its SLOs."""
    if is_foreign(document):
        for name, value in foreign_declarations(document):
            yield DeclaredDocument("SLO", name, _canonical(value), document.place)
    else:
        name = document.text("metadata", "name")
        origin = "http" if isinstance(document, HttpDocument) else "file"
        yield DeclaredDocument(document.text("kind"), name, _canonical(document.value), document.place, origin)


def _canonical(value: Mapping[str, object]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def sorted_once(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Findings in reading order, each once; a value that could not be read gets no second fault for what it is not."""
    unreadable = {_place(fault) for fault in faults if fault.code == UNREADABLE_VALUE}
    told = (fault for fault in faults if fault.code == UNREADABLE_VALUE or _place(fault) not in unreadable)
    return tuple(sorted(dict.fromkeys(told)))


def _place(fault: Fault) -> tuple[str, int, int, str]:
    return fault.file, fault.line, fault.column, fault.path
