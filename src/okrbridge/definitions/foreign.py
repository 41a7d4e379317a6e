"""Documents of other tools beside our own: Sloth's and Pyrra's, read as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.nodes import Document, Path
from okrbridge.definitions.pyrra import PYRRA, PyrraDocument
from okrbridge.definitions.pyrra_conversion import pyrra_slo_names, pyrra_slos
from okrbridge.definitions.shapes import Shape
from okrbridge.definitions.sloth import SLOTH, SLOTH_KUBERNETES, PlainSlothDocument, SlothObject
from okrbridge.definitions.sloth_conversion import declared_apart, sloth_slo_names, sloth_slos
from okrbridge.domain.slo import Slo

FOREIGN_KINDS: Mapping[str, Mapping[str, type[Shape]]] = {
    SLOTH_KUBERNETES: {"PrometheusServiceLevel": SlothObject, "ManagedPrometheusServiceLevel": SlothObject},
    PYRRA: {"ServiceLevelObjective": PyrraDocument},
}
"""The models of other tools' Kubernetes objects, by apiVersion and kind."""


Keyed = Document | Mapping[str, object]
"""A document as it was read, or its plain value."""


def is_plain_sloth(document: Keyed) -> bool:
    """Whether a document is Sloth's own, which has a version in place of apiVersion and kind."""
    return document.get("version") == SLOTH and "apiVersion" not in document


def is_foreign(document: Keyed) -> bool:
    """Whether a document is another tool's."""
    version = document.get("apiVersion")
    return is_plain_sloth(document) or (isinstance(version, str) and version in FOREIGN_KINDS)


def foreign_slo_names(document: Document) -> list[tuple[str, Path]]:
    """The names of the SLOs that another tool's document declares, and where; found even when it has faults."""
    if document.text("apiVersion") == PYRRA:
        return pyrra_slo_names(document)
    return sloth_slo_names(document)


def foreign_slos(spot: Spot, model: Shape) -> Iterator[Slo]:
    """The SLOs of another tool's document; none of any other document."""
    if isinstance(model, PyrraDocument):
        yield from pyrra_slos(spot, model)
    elif isinstance(model, SlothObject | PlainSlothDocument):
        yield from sloth_slos(spot, model)


def foreign_declarations(document: Document) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Each SLO of another tool's document with what declares it, so that each has revisions of its own."""
    if document.text("apiVersion") == PYRRA:
        yield pyrra_slo_names(document)[0][0], document.value
    else:
        yield from declared_apart(document)
