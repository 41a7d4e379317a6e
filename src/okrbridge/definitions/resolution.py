"""From documents to one checked set of definitions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
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


@dataclass(slots=True)
class _Parts:
    """The definitions found so far."""

    sources: list[DataSource] = field(default_factory=list)
    slis: dict[str, Sli] = field(default_factory=dict)
    slos: list[Slo] = field(default_factory=list)
    maintenance: dict[str, MaintenanceWindow] = field(default_factory=dict)


def resolve(documents: Sequence[Document], unread: Sequence[str], findings: Findings) -> DefinitionSet:
    """Check documents against their models and against each other.

    Args:
        documents: in reading order.
        unread: texts after a fault that ended the reading of a file.
        findings: takes all faults and warnings; the result is only of use when there are no faults.
    """
    read = [(document, shape) for document in documents if (shape := shape_of(document, findings.faults))]
    known = [document for document, _ in read]
    findings.faults.extend(refuse_over_http(known))
    _check_names(known, unread, findings.faults)
    models = [
        (Spot(document, (), findings), model)
        for document, shape in read
        if (model := read_shape(document, shape, findings.faults))
    ]
    for document in known:
        findings.faults.extend(check_annotations(document))
    parts, okr = _convert(models), okr_parts(models)
    if not findings.faults:
        _warn_of_idle_maintenance(models, parts)
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
        documents=tuple(one for document in known for one in _declared(document)) if not findings.faults else (),
    )


def _check_names(documents: Sequence[Document], unread: Sequence[str], faults: list[Fault]) -> None:
    """What documents say of each other, faulty ones included."""
    names = collect_names(documents, faults)
    faults.extend(check_references(documents, names, unread))
    faults.extend(check_key_results(documents, unread))
    faults.extend(check_parents(documents))
    faults.extend(check_source_types(documents))


def _convert(models: Sequence[tuple[Spot, Shape]]) -> _Parts:
    """Documents in two passes: first what others refer to."""
    parts = _Parts()
    for spot, model in models:
        _convert_referred(spot, model, parts)
    for spot, model in models:
        if isinstance(model, SloDocument):
            parts.slos.extend(slos_of(spot, model, parts.slis))
        else:
            parts.slos.extend(foreign_slos(spot, model))
    return parts


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


def _warn_of_idle_maintenance(models: Sequence[tuple[Spot, Shape]], parts: _Parts) -> None:
    """A maintenance window that is for no SLO has most likely a slip in a service or a label."""
    for spot, model in models:
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
