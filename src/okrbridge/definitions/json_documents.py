"""Documents that were made over HTTP: JSON of the very shape of documents in files, read by the same code."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from okrbridge.definitions.documents import MAX_BYTES, MAX_DEPTH, ReadText
from okrbridge.definitions.nodes import Document, Node, Path, format_path, packed
from okrbridge.errors import Fault

_NOWHERE = packed(0, 0)
"""JSON bodies have no lines: their faults tell the path alone."""


@dataclass(frozen=True, slots=True)
class HttpDocument(Document):
    """A document that was made over HTTP. Its ``file`` is the name that its faults carry."""

    @property
    def place(self) -> str:
        """Empty: it stands in no file."""
        return ""


class _RefusedError(Exception):
    """A value that cannot be part of a document."""

    def __init__(self, path: Path, message: str, code: str) -> None:
        super().__init__(message)
        self.path = path
        self.code = code


def documents_from_json(bodies: Sequence[tuple[str, Mapping[str, object] | str]]) -> ReadText:
    """Read documents of JSON, each with the name that its faults carry in the place of a file.

    Args:
        bodies: names, such as ``http:Objective/rock-solid-api``, and either the text of a JSON object or the object.

    Returns:
        The documents, in order, and the faults of those that are none. A fault has the line and column 0.
    """
    read = ReadText()
    for name, body in bodies:
        try:
            value = _parsed(body) if isinstance(body, str) else body
            read.documents.append(HttpDocument(name, _document_node(value)))
        except _RefusedError as refused:
            read.faults.append(Fault(name, 0, 0, format_path(refused.path), str(refused), refused.code))
    return read


def _parsed(text: str) -> object:
    if len(text) > MAX_BYTES:
        raise _RefusedError((), f"longer than {MAX_BYTES // 1_000_000} MB", "too_large")
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
    except RecursionError:
        raise _too_deep(()) from None
    except ValueError as error:
        raise _RefusedError((), f"not valid JSON: {error}", "json_syntax") from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _RefusedError((), f"the key {twice!r} stands twice; remove one", "duplicate_key")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a finite number")


def _document_node(value: object) -> Node:
    if not isinstance(value, Mapping):
        raise _RefusedError((), "a document is an object that begins with apiVersion and kind", "not_a_document")
    return _node(value, ())


def _node(value: object, path: Path) -> Node:
    if len(path) >= MAX_DEPTH:
        raise _too_deep(path)
    if isinstance(value, Mapping):
        return Node(_NOWHERE, children={str(key): _node(item, (*path, str(key))) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return Node(_NOWHERE, children=[_node(item, (*path, index)) for index, item in enumerate(value)])
    if isinstance(value, int | float) and not _is_number(value):
        raise _RefusedError(path, "is no finite number of at most 300 digits", "wrong_value")
    if value is not None and not isinstance(value, str | int | float):
        raise _RefusedError(path, f"a value of type {type(value).__name__} is no JSON", "wrong_type")
    return Node(_NOWHERE, value)


def _is_number(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _too_deep(path: Path) -> _RefusedError:
    return _RefusedError(path[:5], f"nested deeper than {MAX_DEPTH} levels", "too_deep")
