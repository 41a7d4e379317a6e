"""From documents to one checked set of definitions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from okrbridge.definitions.documents import UNREADABLE_VALUE
from okrbridge.definitions.findings import Findings, Spot
from okrbridge.definitions.key_results import objective_of
from okrbridge.definitions.kinds import shape_of
from okrbridge.definitions.nodes import Document
from okrbridge.definitions.okr import CycleDocument, ObjectiveDocument
from okrbridge.definitions.openslo import AlertDocument, DataSourceDocument, SliDocument, SloDocument
from okrbridge.definitions.periods import cycle_of
from okrbridge.definitions.references import check_parents, check_references, collect_names
from okrbridge.definitions.release import RELEASE
from okrbridge.definitions.shape_reading import read_shape
from okrbridge.definitions.shapes import Shape
from okrbridge.definitions.slo_conversion import NO_ALERTS, data_source_of, sli_of, slos_of
from okrbridge.domain.definition_set import DataSource, DeclaredDocument, DefinitionSet
from okrbridge.domain.okr import Cycle, OkrObjective
from okrbridge.domain.sli import Sli
from okrbridge.domain.slo import Slo
from okrbridge.errors import Fault

_OUR_ANNOTATIONS = "okrbridge.dev/"


@dataclass(slots=True)
class _Parts:
    """The definitions found so far."""

    sources: list[DataSource] = field(default_factory=list)
    slis: dict[str, Sli] = field(default_factory=dict)
    slos: list[Slo] = field(default_factory=list)
    cycles: dict[str, Cycle] = field(default_factory=dict)
    objectives: list[OkrObjective] = field(default_factory=list)


def resolve(documents: Sequence[Document], unread: Sequence[str], findings: Findings) -> DefinitionSet:
    """Check documents against their models and against each other.

    Args:
        documents: in reading order.
        unread: texts after a fault that ended the reading of a file.
        findings: takes all faults and warnings; the result is only of use when there are no faults.
    """
    read = [(document, shape) for document in documents if (shape := shape_of(document, findings.faults))]
    known = [document for document, _ in read]
    names = collect_names(known, findings.faults)
    findings.faults.extend(check_references(known, names, unread))
    findings.faults.extend(check_parents(known))
    models = [
        (Spot(document, (), findings), model)
        for document, shape in read
        if (model := read_shape(document, shape, findings.faults))
    ]
    for document in known:
        _check_annotations(Spot(document, ("metadata", "annotations"), findings))
    parts = _convert(models)
    return DefinitionSet(
        sources=tuple(parts.sources),
        slos=tuple(parts.slos),
        cycles=tuple(parts.cycles.values()),
        objectives=tuple(parts.objectives),
        documents=tuple(_declared(document) for document in known) if not findings.faults else (),
    )


def _convert(models: Sequence[tuple[Spot, Shape]]) -> _Parts:
    """Documents in two passes: first what others refer to."""
    parts = _Parts()
    for spot, model in models:
        _convert_referred(spot, model, parts)
    for spot, model in models:
        if isinstance(model, SloDocument):
            parts.slos.extend(slos_of(spot, model, parts.slis))
        elif isinstance(model, ObjectiveDocument):
            parts.objectives.append(objective_of(spot, model, parts.cycles))
    return parts


def _convert_referred(spot: Spot, model: Shape, parts: _Parts) -> None:
    if isinstance(model, DataSourceDocument):
        parts.sources.append(data_source_of(spot, model))
    elif isinstance(model, SliDocument) and (sli := sli_of(spot.at("spec"), model.spec, model.metadata.name)):
        parts.slis[sli.name] = sli
    elif isinstance(model, CycleDocument) and (cycle := cycle_of(spot, model)):
        parts.cycles[cycle.name] = cycle
    elif isinstance(model, AlertDocument):
        spot.at("kind").warn(NO_ALERTS, "alerts_not_sent")


def _check_annotations(spot: Spot) -> None:
    for path, _ in spot.document.matching((*spot.path, "*")):
        if str(path[-1]).startswith(_OUR_ANNOTATIONS):
            message = f"unknown annotation; {RELEASE} reads none with the prefix {_OUR_ANNOTATIONS}"
            Spot(spot.document, path, spot.findings).fault(message, "unknown_annotation", of_key=True)


def _declared(document: Document) -> DeclaredDocument:
    content = json.dumps(document.value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return DeclaredDocument(document.text("kind"), document.text("metadata", "name"), content, document.place)


def sorted_once(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Findings in reading order, each once; a value that could not be read gets no second fault for what it is not."""
    unreadable = {_place(fault) for fault in faults if fault.code == UNREADABLE_VALUE}
    told = (fault for fault in faults if fault.code == UNREADABLE_VALUE or _place(fault) not in unreadable)
    return tuple(sorted(dict.fromkeys(told)))


def _place(fault: Fault) -> tuple[str, int, int, str]:
    return fault.file, fault.line, fault.column, fault.path
