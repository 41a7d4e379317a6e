"""Loading definitions from files and folders, from text, and from what was made over HTTP; all faults at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from okrbridge.application.okr_records import StoredDocument
from okrbridge.definitions.documents import MAX_BYTES, ReadText, read_bytes, read_text, too_large
from okrbridge.definitions.findings import Findings, LocatedQuery
from okrbridge.definitions.json_documents import documents_from_json
from okrbridge.definitions.nodes import Document
from okrbridge.definitions.resolution import resolve, sorted_once
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.errors import DefinitionError, Fault

STDIN = "<stdin>"
"""What faults in standard input name as their file."""

_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded.

    Attributes:
        warnings: remarks in reading order; they forbid nothing.
        queries: every query, in reading order, also of indicators that no SLO uses.
        files: how many files were read.
    """

    definitions: DefinitionSet
    warnings: tuple[Fault, ...] = ()
    files: int = 0
    queries: tuple[LocatedQuery, ...] = ()


@dataclass(slots=True)
class _Found:
    """Files to read, in order, each once."""

    files: list[Path] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    seen: set[Path] = field(default_factory=set)

    def add(self, path: Path) -> None:
        if path.resolve() not in self.seen:
            self.seen.add(path.resolve())
            self.files.append(path)


def load(paths: Sequence[Path], stdin: bytes | None = None) -> Loaded:
    """Load files, and folders with all that is below them.

    In folders, files named ``*.yaml`` or ``*.yml`` are read in the order of their names; names that begin with a dot
    are skipped, as Kubernetes puts ``..data`` beside mounted files.

    Args:
        paths: files and folders.
        stdin: what came in beside them; its faults name the file ``STDIN``.

    Raises:
        DefinitionError: with every fault of every file.
    """
    found = _Found()
    for path in paths:
        _find(path, found)
    names = [*map(str, paths), *([] if stdin is None else [STDIN])]
    with _collector_paused():
        return _loaded(_reads(found.files, stdin), found.faults, first_path=names[0] if names else "")


def load_with(paths: Sequence[Path], stored: Sequence[StoredDocument]) -> Loaded:
    """Load files and folders together with documents that were made over HTTP, as one set.

    Files win: a stored document with the kind and name of one in a file is left out, with the warning
    ``shadowed_by_file``. A fault in a stored document names it as ``http:KIND/NAME``, with the path and no line.

    Raises:
        DefinitionError: with every fault of every file and of every stored document; nothing is loaded then.
    """
    found = _Found()
    for path in paths:
        _find(path, found)
    with _collector_paused():
        reads = _reads(found.files, None)
        return _loaded(reads, found.faults, first_path=str(paths[0]) if paths else "", stored=stored)


def load_text(text: str, name: str) -> Loaded:
    """Load documents from a text, as if it stood in a file of that name.

    Raises:
        DefinitionError: with every fault.
    """
    with _collector_paused():
        return _loaded([read_text(text, name)], [], first_path=name)


def _reads(files: Sequence[Path], stdin: bytes | None) -> list[ReadText]:
    before = [] if stdin is None else [_read_content(stdin, STDIN)]
    return before + [_read(file) for file in files]


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Trees of documents hold no cycles: looking for them while they grow takes half of the loading time.

    What is read inside must not be held outside, or the collector looks through all of it once more at the end.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _loaded(
    reads: Sequence[ReadText], faults: Sequence[Fault], *, first_path: str, stored: Sequence[StoredDocument] = ()
) -> Loaded:
    findings = Findings(faults=[*faults, *(fault for read in reads for fault in read.faults)])
    documents = [document for read in reads for document in read.documents]
    for read in reads:
        read.documents.clear()  # they are let go one by one
    if not documents and not stored and not findings.faults:
        findings.faults.append(Fault(first_path, 1, 1, "", "holds no document", "no_documents"))
    documents += _beside(documents, stored, findings)
    definitions = resolve(documents, [read.unread for read in reads if read.unread], findings)
    if findings.faults:
        raise DefinitionError(sorted_once(findings.faults))
    queries = tuple(sorted(set(findings.queries)))
    return Loaded(definitions, sorted_once(findings.warnings), len(reads), queries)


def _beside(documents: Sequence[Document], stored: Sequence[StoredDocument], findings: Findings) -> list[Document]:
    """The stored documents that no file declares."""
    places = {(each.text("kind"), each.text("metadata", "name")): each.place for each in documents}
    kept: list[tuple[str, str]] = []
    for one in stored:
        name = _shown_name(one)
        if (place := places.get((one.kind, one.name))) is None:
            kept.append((name, one.content))
        else:
            message = f"is left out: {place} declares the {one.kind} of this name, and files win"
            findings.warnings.append(Fault(name, 0, 0, "metadata.name", message, "shadowed_by_file"))
    read = documents_from_json(kept)
    findings.faults.extend(read.faults)
    return read.documents


def _shown_name(document: StoredDocument) -> str:
    """The name that faults carry; one that was made to look like several lines is escaped."""
    name = f"http:{document.kind}/{document.name}"
    return name if name.isprintable() else repr(name)


def _find(path: Path, found: _Found) -> None:
    try:
        if not path.is_dir():
            found.add(path)
            return
        before = len(found.files)
        for file in _files_below(path, set()):
            found.add(file)
        if len(found.files) == before:
            message = f"no file named *{_SUFFIXES[0]} or *{_SUFFIXES[1]} in this folder"
            found.faults.append(Fault(str(path), 1, 1, "", message, "no_documents"))
    except (OSError, ValueError, RuntimeError) as error:
        found.faults.append(_not_readable(path, error))


def _files_below(folder: Path, walked: set[Path]) -> Iterator[Path]:
    """Files to read below a folder; a folder that links lead to twice is read once."""
    if folder.resolve() in walked:
        return
    walked.add(folder.resolve())
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _files_below(entry, walked)
        elif entry.suffix in _SUFFIXES:
            yield entry


def _read(path: Path) -> ReadText:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        return ReadText(faults=[_not_readable(path, error)])
    return _read_content(content, str(path))


def _read_content(content: bytes, file: str) -> ReadText:
    return too_large(file) if len(content) > MAX_BYTES else read_bytes(content, file)


def _not_readable(path: Path, error: Exception) -> Fault:
    if isinstance(error, FileNotFoundError):
        return Fault(str(path), 1, 1, "", "there is no such file or folder", "no_such_file")
    reason = error.strerror if isinstance(error, OSError) else None
    return Fault(str(path), 1, 1, "", f"cannot be read: {reason or error}", "not_readable")
