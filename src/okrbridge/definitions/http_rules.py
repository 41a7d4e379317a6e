"""What may not be declared over HTTP: sources, measures that make okrbridge reach out, cycles closed without scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from okrbridge.definitions.foreign import is_plain_sloth
from okrbridge.definitions.json_documents import HttpDocument
from okrbridge.definitions.nodes import Document, Path, shortened
from okrbridge.definitions.okr import OKRBRIDGE
from okrbridge.errors import Fault

HTTP_KINDS = (
    "Cycle",
    "Team",
    "Objective",
    "Indicator",
    "Initiative",
    "Retrospective",
    "MaintenanceWindow",
    "StatusPolicy",
)
"""Kinds of okrbridge.dev/v1 that may be made over HTTP."""

_REACHING_OUT = ("sql", "http", "csv")
_MEASURES: Mapping[str, tuple[Path, ...]] = {
    "Objective": (("spec", "keyResults", "*", "measure"),),
    "Indicator": (("spec", "measure"), ("spec", "also", "*")),
}


def refuse_over_http(documents: Sequence[Document]) -> Iterator[Fault]:
    """A fault for everything in documents made over HTTP, all of known kinds, that may stand in files only."""
    for document in documents:
        if isinstance(document, HttpDocument):
            yield from _refused(document)


def _refused(document: Document) -> Iterator[Fault]:
    version, kind = document.text("apiVersion"), document.text("kind")
    if is_plain_sloth(document):
        yield document.fault((), "documents of other tools are declared in files only", "not_over_http")
    elif version != OKRBRIDGE or kind not in HTTP_KINDS:
        message = f"{shortened(kind)} of {shortened(version)} is declared in files only; over HTTP there are "
        yield document.fault(("kind",), f"{message}{', '.join(HTTP_KINDS)}", "not_over_http")
    if kind == "Cycle" and document.get("spec", "closed") is True:
        message = (
            f"would pass over the scores; close it with POST /api/v1/cycles/{document.text('metadata', 'name')}/close"
        )
        yield document.fault(("spec", "closed"), message, "not_over_http", of_key=True)
    for pattern in _MEASURES.get(kind, ()):
        for path, _ in document.matching(pattern):
            for key in _REACHING_OUT:
                if document.node((*path, key)) is not None:
                    message = f"makes okrbridge reach out to other systems: a measure by {key} stands in files only"
                    yield document.fault((*path, key), message, "not_over_http", of_key=True)
