"""Lints of definitions, told at the places of their documents."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from okrbridge.definitions.documents import read_bytes
from okrbridge.definitions.loader import STDIN
from okrbridge.definitions.nodes import Document
from okrbridge.definitions.nodes import Path as KeyPath
from okrbridge.domain.definition_set import DeclaredDocument, DefinitionSet
from okrbridge.domain.lint.checking import lint
from okrbridge.domain.lint.findings import LintFinding, Severity
from okrbridge.errors import Fault

_KINDS = {"objective": "Objective", "team": "Team", "indicator": "Indicator"}


def lints_of(definitions: DefinitionSet, stdin: bytes | None = None) -> tuple[Fault, ...]:
    """Lints in reading order, without the advice that most definitions could take.

    Args:
        definitions: as they were loaded.
        stdin: what came in beside the files.
    """
    declared = {(each.kind, each.name): each for each in definitions.documents}
    reader = _Reader(stdin)
    told = (one for one in lint(definitions) if one.severity is not Severity.HINT)
    return tuple(sorted(_placed(one, definitions, declared, reader) for one in told))


def _placed(
    found: LintFinding,
    definitions: DefinitionSet,
    declared: Mapping[tuple[str, str], DeclaredDocument],
    reader: _Reader,
) -> Fault:
    """A finding at its document; at the objective that comes first, for a team that has no document."""
    document, path = _subject(found, definitions)
    place = declared[document].place if document in declared else ""
    if (read := reader.document(place)) is not None:
        return read.fault(path, found.message, found.code)
    return Fault(place or found.subject, 0, 0, "", found.message, found.code)


def _subject(found: LintFinding, definitions: DefinitionSet) -> tuple[tuple[str, str], KeyPath]:
    """Kind and name of the document that a finding is about, and the path inside."""
    prefix, _, name = found.subject.partition(":")
    if not name:
        objective, _, key_result = found.subject.partition("/")
        names = [one.name for one in definitions.objective_by_name[objective].key_results]
        return ("Objective", objective), ("spec", "keyResults", names.index(key_result))
    if prefix == "team" and all(team.name != name for team in definitions.teams):
        first = next(one.name for one in definitions.objectives if one.team == name)
        return ("Objective", first), ("spec", "team")
    return (_KINDS[prefix], name), ("metadata", "name")


class _Reader:
    """Reads documents again, to know where their parts stand; each file once, and only those that are told of."""

    def __init__(self, stdin: bytes | None) -> None:
        self._stdin = stdin
        self._documents = cache(self._read)

    def document(self, place: str) -> Document | None:
        """The document at ``file:line``; None when it is not there any more."""
        return self._documents(place.rpartition(":")[0]).get(place)

    def _read(self, file: str) -> Mapping[str, Document]:
        try:
            content = (self._stdin or b"") if file == STDIN else Path(file).read_bytes()
        except OSError:
            return {}
        return {document.place: document for document in read_bytes(content, file).documents}
