"""Whether what a query is written in goes with the type of the source that it is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from okrbridge.definitions.asked_measures import SOURCE_TYPES
from okrbridge.definitions.nodes import Document, Path
from okrbridge.definitions.references import source_patterns
from okrbridge.domain.definition_set import DEFAULT_SOURCE
from okrbridge.errors import Fault

_PROMETHEUS = "prometheus"


def check_source_types(documents: Sequence[Document]) -> Iterator[Fault]:
    """A fault for each reference to a DataSource of another type than the query needs."""
    types = {DEFAULT_SOURCE: _PROMETHEUS} | {
        each.text("metadata", "name"): each.text("spec", "type").casefold()
        for each in documents
        if each.text("kind") == "DataSource"
    }
    for document in documents:
        for pattern in source_patterns(document.text("kind")):
            for path, name in document.matching(pattern):
                if isinstance(name, str) and types.get(name):
                    yield from _mismatch(document, path, types, name)


def _mismatch(document: Document, path: Path, types: Mapping[str, str], name: str) -> Iterator[Fault]:
    asked = [key for key in SOURCE_TYPES if path[-1] == "source" and document.node((*path[:-1], key)) is not None]
    if path[-1] == "source" and len(asked) != 1:
        return
    language = asked[0] if asked else "promql"
    wanted = SOURCE_TYPES[language]
    if types[name] != wanted.casefold():
        found = next((one for one in SOURCE_TYPES.values() if one.casefold() == types[name]), types[name])
        message = f"{name} is a DataSource of type {found}; {language} is asked of one of type {wanted}"
        yield document.fault(path, message, "wrong_source")
